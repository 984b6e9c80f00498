/** Bounds the extra load of retries, so that they never make an outage worse. */

import type { Clock } from '../time/clock.ts';

/**
 * A token bucket that starts full, with 10. Each call deposits `share` tokens and each extra attempt withdraws one. One token a
 * second is refilled, so that a service with few calls can always retry.
 *
 * Source: Finagle's `RetryBudget` (a share of calls, and a minimum per second).
 */
export class RetryBudget {
  readonly #share: number;
  readonly #clock: Clock;
  #tokens = CAPACITY;
  #refilledAtMs: number;

  /** @param share extra attempts as a share of calls, 0–1; 0 allows no extra attempt at all */
  constructor(share: number, clock: Clock) {
    this.#share = share;
    this.#clock = clock;
    this.#refilledAtMs = clock.now();
  }

  /** To be called once for each call. */
  deposit(): void {
    this.#add(this.#share);
  }

  /** Takes the right to one extra attempt; `false` when the budget is used up. */
  withdraw(): boolean {
    if (this.#share === 0) return false;
    const nowMs = this.#clock.now();
    this.#add(((nowMs - this.#refilledAtMs) / 1000) * REFILL_PER_SECOND);
    this.#refilledAtMs = nowMs;
    if (this.#tokens < 1 - ROUNDING) return false;
    this.#tokens -= 1;
    return true;
  }

  #add(tokens: number): void {
    this.#tokens = Math.min(CAPACITY, this.#tokens + tokens);
  }
}

/** Tokens: also the most extra attempts at once after a quiet time. */
const CAPACITY = 10;

const REFILL_PER_SECOND = 1;

/** Ten deposits of 0.1 make a little less than 1. */
const ROUNDING = 1e-9;
