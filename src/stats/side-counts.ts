/** The number of calls and the mean value of each side, for display. No decision uses them. */

import type { Arm } from './arm.ts';

/** The numbers of one side of a guardrail. */
export interface SideSummary {
  /** Judged calls with a value. */
  readonly calls: number;
  /** The mean of the finite values, in the metric's unit (a rate 0–1 for 0/1 metrics); `null` without values. */
  readonly mean: number | null;
}

/** The numbers of both sides. */
export type Sides = Readonly<Record<Arm, SideSummary>>;

/** Calls, finite values and their sum, of stable and then of the canary. */
export type SideCountsState = readonly number[];

export class SideCounts {
  readonly #numbers = new Float64Array(2 * FIELDS);

  add(isCanary: boolean, value: number, calls = 1): void {
    const at = isCanary ? FIELDS : 0;
    this.#numbers[at]! += calls;
    if (!Number.isFinite(value)) return;
    this.#numbers[at + 1]! += calls;
    this.#numbers[at + 2]! += value * calls;
  }

  get sides(): Sides {
    return { stable: this.#side(0), canary: this.#side(FIELDS) };
  }

  toJSON(): SideCountsState {
    return Array.from(this.#numbers);
  }

  restore(state: SideCountsState): void {
    this.#numbers.set(state);
  }

  #side(at: number): SideSummary {
    const [calls = 0, finite = 0, sum = 0] = this.#numbers.subarray(at, at + FIELDS);
    return { calls, mean: finite > 0 ? sum / finite : null };
  }
}

const FIELDS = 3;
