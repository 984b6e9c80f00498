/** The share of judged calls that the canary actually gets. With few heavy keys it is far from the canary's weight. */

import type { Arm } from './arm.ts';

/** The state as plain numbers, for a store. */
export interface RealisedShareState {
  readonly weight: number;
  readonly canary: number;
  readonly calls: number;
  readonly share: number;
  readonly nextAt: number;
}

/**
 * (n_c + 20·weight) / (n + 20) over recently assigned calls; counts are halved at 20,000. Read `share` when a call is
 * dispatched, then count the call with `assigned`. The share changes only after its count has grown by 1/32, so that
 * values computed for a share last.
 */
export interface RealisedShare {
  readonly share: number;
  assigned(arm: Arm): void;
  /** Sets the weight. The calls assigned under another weight are forgotten. */
  setWeight(weight: number): void;
  toJSON(): RealisedShareState;
}

/** @param weight the canary's weight among canary and stable, 0–1 */
export function createRealisedShare(weight: number): RealisedShare {
  return new CountedShare(freshState(weight));
}

/** Continues from `state`. */
export function restoreRealisedShare(state: RealisedShareState): RealisedShare {
  return new CountedShare(state);
}

class CountedShare implements RealisedShare {
  #weight: number;
  #canary: number;
  #calls: number;
  #share: number;
  #nextAt: number;

  constructor({ weight, canary, calls, share, nextAt }: RealisedShareState) {
    this.#weight = weight;
    this.#canary = canary;
    this.#calls = calls;
    this.#share = share;
    this.#nextAt = nextAt;
  }

  get share(): number {
    return this.#share;
  }

  assigned(arm: Arm): void {
    this.#calls += 1;
    if (arm === 'canary') this.#canary += 1;
    if (this.#calls < this.#nextAt) return;
    this.#share = (this.#canary + GUESS_CALLS * this.#weight) / (this.#calls + GUESS_CALLS);
    if (this.#calls >= MEMORY_CALLS) {
      this.#calls /= 2;
      this.#canary /= 2;
    }
    this.#nextAt = this.#calls + Math.max(1, this.#calls / CALLS_PER_READING);
  }

  setWeight(weight: number): void {
    if (weight === this.#weight) return;
    ({ weight: this.#weight, canary: this.#canary, calls: this.#calls } = freshState(weight));
    ({ share: this.#share, nextAt: this.#nextAt } = freshState(weight));
  }

  toJSON(): RealisedShareState {
    return {
      weight: this.#weight,
      canary: this.#canary,
      calls: this.#calls,
      share: this.#share,
      nextAt: this.#nextAt,
    };
  }
}

function freshState(weight: number): RealisedShareState {
  return { weight, canary: 0, calls: 0, share: weight, nextAt: 1 };
}

const GUESS_CALLS = 20;
const MEMORY_CALLS = 20_000;
const CALLS_PER_READING = 32;
