/**
 * Retries on the same upstream. The only file that uses `p-retry`.
 *
 * p-retry provides the loop: it counts the retries and asks `shouldRetry` after each failure. It cannot choose a delay by error,
 * so its own delay is 0 and `shouldRetry` waits. It never retries a `TypeError` that is not about the network, unwraps its own
 * `AbortError` and replaces values that are not errors: so it sees one constant error, and we keep the value that was thrown.
 */

import pRetry from 'p-retry';

/** What follows a first failure. */
export interface RetryInput<T> {
  /** The most retries, whatever `delayBefore` returns; below 1 there is no retry. */
  readonly retries: number;
  /** Tries once more; `retryIndex` counts from 0. */
  readonly again: (retryIndex: number) => Promise<T>;
  /** The wait before retry `retryIndex` in ms; `undefined` gives up. Called once for each failure but the last. */
  readonly delayBefore: (error: unknown, retryIndex: number) => number | undefined;
  /** Waits. A rejection (an abort) ends the retries and is passed on to the caller. */
  readonly sleep: (delayMs: number) => Promise<void>;
}

/**
 * After a first try that failed with `firstError`: calls `again` as long as it fails and `delayBefore` returns a wait. Rejects
 * with the very value that the last try threw. A call that succeeds at once never gets here and pays nothing for retries.
 */
export async function retryAfter<T>(firstError: unknown, input: RetryInput<T>): Promise<T> {
  const { retries, again, delayBefore, sleep } = input;
  if (!(retries >= 1)) throw firstError;
  let lastError = firstError;
  const attempt = async (attemptNumber: number): Promise<T> => {
    // The first attempt is the one that has failed already.
    if (attemptNumber === 1) throw FAILED;
    try {
      return await again(attemptNumber - 2);
    } catch (error) {
      lastError = error;
      throw FAILED;
    }
  };
  const shouldRetry = async ({ retriesConsumed }: { readonly retriesConsumed: number }): Promise<boolean> => {
    const delayMs = delayBefore(lastError, retriesConsumed);
    if (delayMs === undefined) return false;
    await sleep(delayMs);
    return true;
  };
  try {
    return await pRetry(attempt, { retries: Math.floor(retries), minTimeout: 0, shouldRetry });
  } catch (error) {
    throw error === FAILED ? lastError : error;
  }
}

/** Stands in p-retry for whatever an attempt threw. */
const FAILED = new Error('failed');

/** What a back-off depends on. */
export interface BackoffInput {
  /** 0 before the first retry. */
  readonly attempt: number;
  /** The first wait in ms; it doubles with each attempt. */
  readonly minDelayMs: number;
  /** Upper bound of every wait in ms. */
  readonly maxDelayMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * The wait in ms before a retry where the upstream states no wait: min(maxDelayMs, minDelayMs · 2^attempt), less up to a quarter of it.
 *
 * Source: `calculateDefaultRetryTimeoutMillis` of the `openai` SDK. With the defaults the waits are the SDK's own: a short outage
 * that the SDK survives is survived here, too.
 */
export function backoffMs({ attempt, minDelayMs, maxDelayMs, random }: BackoffInput): number {
  const waitMs = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(attempt, LARGEST_EXPONENT));
  return waitMs * (1 - random() * JITTER);
}

/** The largest part of a wait that is left out. */
const JITTER = 0.25;

/** Keeps the power finite: 0 · Infinity is not a number. */
const LARGEST_EXPONENT = 64;
