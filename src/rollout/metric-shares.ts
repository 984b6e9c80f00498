/** The canary's share of the values of each metric. Not every sample has a value of every metric. */

import type { Arm } from '../stats/arm.ts';

/** Plain data, for a store: the samples of stable and of the canary, and their values by metric. */
export interface MetricSharesState {
  readonly samples: readonly number[];
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/** Beyond this many samples of a side, all counts are halved, so that the shares follow what is measured of late. */
const MEMORY_SAMPLES = 4_000;
/** The shares are read again each time that a count of values has grown by this part: values computed for a share then last. */
const GROWTH = 1 / 32;

/**
 * The share of a metric's values that the canary has, from those of earlier samples. If prices are known for every second canary call only, a
 * value of stable is no sign against the canary: it was twice as likely to be stable's.
 */
export class MetricShares {
  /** Of stable, of the canary. */
  #samples = [0, 0];
  readonly #metrics = new Map<string, MetricCount>();

  constructor(metrics: readonly string[]) {
    for (const metric of metrics) this.#metrics.set(metric, { values: [0, 0], odds: 1, nextAt: 1 });
  }

  /** A sample has ended, with or without values. */
  ended(arm: Arm): void {
    const side = indexOf(arm);
    this.#samples[side]! += 1;
    if (this.#samples[side]! < MEMORY_SAMPLES) return;
    this.#samples = this.#samples.map((count) => count / 2);
    for (const count of this.#metrics.values()) {
      count.values = count.values.map((number) => number / 2);
      count.nextAt /= 2;
    }
  }

  /** Counts a value. Returns the share to judge it by, 0–1, from what was known before; 0 while one side has no value at all. */
  next(metric: string, arm: Arm, share: number): number {
    const count = this.#metrics.get(metric);
    if (!count) return share;
    const { odds } = count;
    const hasBoth = metric === 'errorRate' || (count.values[0]! > 0 && count.values[1]! > 0);
    count.values[indexOf(arm)]! += 1;
    const total = count.values[0]! + count.values[1]!;
    if (total >= count.nextAt) {
      count.odds = rate(count.values[1]!, this.#samples[1]!) / rate(count.values[0]!, this.#samples[0]!);
      count.nextAt = total + Math.max(1, total * GROWTH);
    }
    if (!hasBoth) return 0;
    return odds === 1 ? share : (share * odds) / (share * odds + 1 - share);
  }

  /** The sides that have samples, but no value of the metric. */
  missing(metric: string): readonly Arm[] {
    const count = this.#metrics.get(metric);
    if (!count) return [];
    return (['stable', 'canary'] as const).filter(
      (arm) => count.values[indexOf(arm)] === 0 && this.#samples[indexOf(arm)]! >= MISSING_AFTER,
    );
  }

  toJSON(): MetricSharesState {
    const values = Object.fromEntries([...this.#metrics].map(([metric, count]) => [metric, [...count.values]]));
    return { samples: [...this.#samples], values };
  }

  restore({ samples, values }: MetricSharesState): void {
    this.#samples = [...samples];
    for (const [metric, count] of this.#metrics) {
      count.values = [...(values[metric] ?? [0, 0])];
      count.odds = rate(count.values[1]!, samples[1]!) / rate(count.values[0]!, samples[0]!);
      count.nextAt = 0;
    }
  }
}

interface MetricCount {
  values: number[];
  /** How much likelier a canary sample has a value than one of stable. */
  odds: number;
  /** The number of values at which the odds are read again. */
  nextAt: number;
}

/** After this many samples without a value, a metric counts as missing. */
export const MISSING_AFTER = 5;

function indexOf(arm: Arm): 0 | 1 {
  return arm === 'canary' ? 1 : 0;
}

/** The share of samples that have a value. It starts at 1: that is so for most metrics. */
function rate(values: number, samples: number): number {
  return Math.min(1, (values + 1) / (samples + 1));
}
