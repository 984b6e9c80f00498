/** Reads what is assumed of upstreams: `--errors deepseek=0.05@2h`. */

import { UsageError } from '../usage-error.ts';
import type { MadeBehaviour } from './made-provider.ts';

/** The options that say how upstreams behave. */
export interface BehaviourOptions {
  readonly errors: readonly string[];
  readonly latency: readonly string[];
}

const CALM: MadeBehaviour = { errorRate: 0.005, errorRateBefore: 0.005, medianLatencyMs: 600, fromMs: 0 };

/** @throws UsageError for an unknown upstream, a share that is none, a time that is none */
export function behavioursOf(options: BehaviourOptions, names: readonly string[], startMs: number) {
  const behaviours = new Map(names.map((name) => [name, CALM]));
  const change = (name: string, changes: Partial<MadeBehaviour>): void => {
    const known = behaviours.get(name);
    if (!known) throw new UsageError(`There is no upstream ${name}: there are ${names.join(', ')}`);
    behaviours.set(name, { ...known, ...changes });
  };
  for (const text of options.errors) {
    const [, name = '', share = '', after] = /^([^=]+)=([\d.]+)(?:@(.+))?$/.exec(text) ?? [];
    const errorRate = Number(share);
    if (!name || !(errorRate <= 1))
      throw new UsageError(`--errors should be like deepseek=0.05 or deepseek=0.05@2h, got ${text}`);
    change(name, {
      errorRate,
      ...(after === undefined ? { errorRateBefore: errorRate } : { fromMs: startMs + spanOf(after) }),
    });
  }
  for (const text of options.latency) {
    const [, name = '', ms = ''] = /^([^=]+)=(\d+)(?:ms)?$/.exec(text) ?? [];
    if (!name) throw new UsageError(`--latency should be like deepseek=900, in ms, got ${text}`);
    change(name, { medianLatencyMs: Number(ms) });
  }
  return behaviours;
}

/** A time like `90s`, `30m`, `4h` or `2d`, in ms. */
export function spanOf(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(s|m|h|d)$/.exec(text) ?? [];
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  if (unitMs === undefined) throw new UsageError(`A time should be like 90s, 30m, 4h or 2d, got ${text}`);
  return Number(number) * unitMs;
}
