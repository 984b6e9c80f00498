/** Stable's bad rate so far. Alternatives are multiples of it. */

import { GROWTH, MEMORY_CALLS, type Gauge } from './gauge.ts';

/** The state as plain numbers, for a store. */
export interface RateGaugeState {
  readonly bad: number;
  readonly calls: number;
  readonly rate: number;
  readonly nextAt: number;
}

/** Starts with a guess that counts like 100 calls. A call is bad if its `x` is above 0. */
export class RateGauge implements Gauge {
  #bad: number;
  #calls: number;
  #rate: number;
  #nextAt: number;
  #version = 0;
  readonly #memoryCalls: number;

  /**
   * @param guess the initial bad rate; 0.01 by default
   * @param memoryCalls above this count all counts are halved
   */
  constructor(guess = 0.01, memoryCalls = MEMORY_CALLS) {
    this.#memoryCalls = memoryCalls;
    this.#bad = guess * GUESS_CALLS;
    this.#calls = GUESS_CALLS;
    this.#rate = guess;
    this.#nextAt = GUESS_CALLS * GROWTH;
  }

  get version(): number {
    return this.#version;
  }

  /** The reading, 0–1. */
  get rate(): number {
    return this.#rate;
  }

  learn(x: number): void {
    this.learnMany(x > 0 ? 1 : 0, 1);
  }

  learnMany(bad: number, calls: number): void {
    this.#bad += bad;
    this.#calls += calls;
    if (this.#calls >= this.#nextAt) this.#refresh();
  }

  toJSON(): RateGaugeState {
    return { bad: this.#bad, calls: this.#calls, rate: this.#rate, nextAt: this.#nextAt };
  }

  restore({ bad, calls, rate, nextAt }: RateGaugeState): void {
    this.#bad = bad;
    this.#calls = calls;
    this.#rate = rate;
    this.#nextAt = nextAt;
    this.#version += 1;
  }

  merge(one: RateGaugeState, other: RateGaugeState, base: RateGaugeState): void {
    const later = one.nextAt < other.nextAt ? other : one;
    this.restore({
      ...later,
      // If one process has halved its counts since, the sum is too low: the later process's own count is closer.
      bad: Math.max(later.bad, one.bad + other.bad - base.bad),
      calls: Math.max(later.calls, one.calls + other.calls - base.calls),
    });
    this.learnMany(0, 0);
  }

  #refresh(): void {
    // Never 0 or 1: an alternative must leave every outcome possible.
    this.#rate = Math.min(0.999, Math.max(1e-5, this.#bad / this.#calls));
    if (this.#calls > this.#memoryCalls) {
      this.#bad /= 2;
      this.#calls /= 2;
    }
    this.#nextAt = this.#calls * GROWTH;
    this.#version += 1;
  }
}

const GUESS_CALLS = 100;
