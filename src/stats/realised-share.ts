/** The share of judged calls that the canary really gets: with few heavy keys it is far from its weight. */

import type { Arm } from './arm.ts';

/** Plain numbers, for a store. */
export interface RealisedShareState {
  readonly weight: number;
  readonly canary: number;
  readonly calls: number;
  readonly share: number;
  readonly nextAt: number;
}

/**
 * (n_c + 20·weight) / (n + 20) over the calls assigned lately, counts halved at 20,000. Read `share` when a call is
 * dispatched, then count the call. It moves only when its count has grown by 1/32, so that what is computed for a share lasts.
 */
export interface RealisedShare {
  readonly share: number;
  assigned(arm: Arm): void;
  /** Forgets the calls that were assigned under another weight. */
  setWeight(weight: number): void;
  toJSON(): RealisedShareState;
}

/** @param weight the canary's, of canary and stable together, 0–1 */
export function createRealisedShare(weight: number): RealisedShare {
  return new CountedShare(freshState(weight));
}

/** A share that goes on from `state`. */
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
