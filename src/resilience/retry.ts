/** Tries again on the same upstream. The only file that knows `p-retry`. */

import pRetry from 'p-retry';

/** What comes after a first failure. */
export interface RetryInput<T> {
  /** The most retries, whatever `delayBefore` says; below 1 there are none. */
  readonly retries: number;
  /** Tries once more; `retryIndex` counts from 0. */
  readonly again: (retryIndex: number) => Promise<T>;
  /** How long to wait before retry `retryIndex`, in ms; `undefined` gives up. Called once for each failure but the last. */
  readonly delayBefore: (error: unknown, retryIndex: number) => number | undefined;
  /** Waits; what it rejects with (an abort) ends the retries and is what the caller sees. */
  readonly sleep: (delayMs: number) => Promise<void>;
}

/**
 * After a first try that failed with `firstError`: calls `again` while that fails and `delayBefore` names a wait. Rejects with
 * the very error that the last try threw. A call that succeeds at once does not pay for retries.
 */
export async function retryAfter<T>(firstError: unknown, input: RetryInput<T>): Promise<T> {
  if (!(input.retries >= 1)) throw firstError;
  try {
    return await pRetry((attemptNumber) => boxed(() => nextTry(attemptNumber, firstError, input)), {
      retries: Math.floor(input.retries),
      // p-retry has no delay by error: the wait is part of the decision.
      minTimeout: 0,
      shouldRetry: async ({ error, retriesConsumed }) => {
        const delayMs = input.delayBefore(unboxed(error), retriesConsumed);
        if (delayMs === undefined) return false;
        await input.sleep(delayMs);
        return true;
      },
    });
  } catch (error) {
    throw unboxed(error);
  }
}

/** The first of p-retry's attempts is the one that failed already. */
async function nextTry<T>(attemptNumber: number, firstError: unknown, input: RetryInput<T>): Promise<T> {
  if (attemptNumber === 1) throw firstError;
  return input.again(attemptNumber - 2);
}

/** Hides a thrown value from p-retry, which never retries a `TypeError`, unwraps its own class, and replaces non-errors. */
class Thrown extends Error {
  readonly value: unknown;

  constructor(value: unknown) {
    super('thrown');
    this.value = value;
  }
}

async function boxed<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    throw new Thrown(error);
  }
}

function unboxed(error: unknown): unknown {
  return error instanceof Thrown ? error.value : error;
}

/** How long to wait before a retry, when the upstream did not say. */
export interface BackoffInput {
  /** 0 before the first retry. */
  readonly attempt: number;
  /** Upper bound of the first wait; it doubles with each attempt. */
  readonly minDelayMs: number;
  /** Upper bound of every wait. */
  readonly maxDelayMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * A wait in milliseconds, uniform in [0, min(maxDelayMs, minDelayMs · 2^attempt)): "full jitter", which spreads the
 * retries of many clients best.
 *
 * Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoffMs({ attempt, minDelayMs, maxDelayMs, random }: BackoffInput): number {
  return random() * Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(attempt, LARGEST_EXPONENT));
}

/** Keeps the power finite: 0 · Infinity is not a number. */
const LARGEST_EXPONENT = 64;
