/** Bounds the extra load of retries, so that retries never make an outage worse. */

import type { Clock } from '../time/clock.ts';

export interface RetryBudget {
  /** To be called once for every call. */
  deposit(): void;
  /** Takes the right to one extra attempt; `false` when the budget is used up. */
  withdraw(): boolean;
}

export interface RetryBudgetInput {
  /** Extra attempts as a share of calls, 0–1; 0 allows none at all. */
  readonly share: number;
  readonly clock: Clock;
}

/**
 * A token bucket: a call deposits `share` tokens, an extra attempt withdraws one, and one a second is refilled, so that a
 * quiet service can always retry. It starts full, with 10.
 *
 * Source: Finagle's `RetryBudget` (a share of calls, and a minimum by the second).
 */
export function createRetryBudget({ share, clock }: RetryBudgetInput): RetryBudget {
  let tokens = CAPACITY;
  let refilledAtMs = clock.now();

  function add(amount: number): void {
    tokens = Math.min(CAPACITY, tokens + amount);
  }

  function refill(): void {
    const nowMs = clock.now();
    add(((nowMs - refilledAtMs) / 1000) * REFILL_PER_SECOND);
    refilledAtMs = nowMs;
  }

  return {
    deposit: () => add(share),
    withdraw: () => {
      if (share === 0) return false;
      refill();
      if (tokens < 1 - ROUNDING) return false;
      tokens -= 1;
      return true;
    },
  };
}

/** Tokens. Also what a service that was quiet may spend at once. */
const CAPACITY = 10;

const REFILL_PER_SECOND = 1;

/** Ten deposits of 0.1 make a little less than 1. */
const ROUNDING = 1e-9;
