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
