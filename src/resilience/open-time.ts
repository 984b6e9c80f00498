/** How long a breaker stays open. */

export interface OpenTimePolicy {
  /** The first open time. It doubles with each opening that comes without a healthy spell before it. */
  readonly openForMs: number;
  readonly maxOpenForMs: number;
  /** A spell is healthy when the breaker was closed for at least this long, and for as long as it was open last. */
  readonly windowMs: number;
}

/**
 * The next open time in milliseconds.
 *
 * @param lastMs the last one; 0 before the first
 * @param closedForMs how long the breaker was closed; 0 when it was half-open, Infinity before the first opening
 */
export function nextOpenMs(policy: OpenTimePolicy, lastMs: number, closedForMs: number): number {
  const isHealthy = closedForMs >= Math.max(lastMs, policy.windowMs);
  return Math.min(isHealthy ? policy.openForMs : 2 * lastMs, policy.maxOpenForMs);
}
