/** Parses the simulated behaviour of upstreams, as in `--errors deepseek=0.05@2h`. */

import { durationMs } from '../../domain/duration.ts';
import { nameOption } from '../read-option.ts';
import { UsageError } from '../usage-error.ts';
import type { SimulatedBehaviour } from './simulated-provider.ts';

/** The options that set how upstreams behave. */
export interface BehaviourOptions {
  readonly errors: readonly string[];
  readonly latency: readonly string[];
}

/** Without options: few errors, and a usual latency. */
const DEFAULT: SimulatedBehaviour = { errorRate: 0.005, errorRateBefore: 0.005, medianLatencyMs: 600, fromMs: 0 };

/** @throws UsageError for an unknown upstream, or an invalid share, time or latency */
export function behavioursOf({ errors, latency }: BehaviourOptions, names: readonly string[], startMs: number) {
  const behaviours = new Map(names.map((name) => [name, DEFAULT]));
  const change = (option: string, name: string, changes: Partial<SimulatedBehaviour>): void => {
    behaviours.set(name, { ...DEFAULT, ...behaviours.get(nameOption(option, name, names)), ...changes });
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
