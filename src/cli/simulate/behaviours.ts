/** Reads what is assumed of upstreams: `--errors deepseek=0.05@2h`. */

import { durationMs } from '../../domain/duration.ts';
import { nameOption } from '../read-option.ts';
import { UsageError } from '../usage-error.ts';
import type { MadeBehaviour } from './made-provider.ts';

/** The options that say how upstreams behave. */
export interface BehaviourOptions {
  readonly errors: readonly string[];
  readonly latency: readonly string[];
}

const CALM: MadeBehaviour = { errorRate: 0.005, errorRateBefore: 0.005, medianLatencyMs: 600, fromMs: 0 };

/** @throws UsageError for an unknown upstream, a share that is none, a time that is none */
export function behavioursOf({ errors, latency }: BehaviourOptions, names: readonly string[], startMs: number) {
  const behaviours = new Map(names.map((name) => [name, CALM]));
  const change = (option: string, name: string, changes: Partial<MadeBehaviour>): void => {
    behaviours.set(name, { ...CALM, ...behaviours.get(nameOption(option, name, names)), ...changes });
  };
  for (const text of errors) {
    const [, name = '', share = '', after] = /^([^=]+)=([\d.]+)(?:@(.+))?$/.exec(text) ?? [];
    const errorRate = Number(share);
    const afterMs = durationMs(after ?? 0);
    if (!name || !(errorRate <= 1) || afterMs === undefined)
      throw new UsageError(`--errors should be like deepseek=0.05 or deepseek=0.05@2h, got ${text}`);
    const before = after === undefined ? { errorRateBefore: errorRate } : {};
    change('errors', name, { errorRate, ...before, fromMs: startMs + afterMs });
  }
  for (const text of latency) {
    const [, name = '', ms = ''] = /^([^=]+)=(\d+)(?:ms)?$/.exec(text) ?? [];
    if (!name) throw new UsageError(`--latency should be like deepseek=900, in ms, got ${text}`);
    change('latency', name, { medianLatencyMs: Number(ms) });
  }
  return behaviours;
}
