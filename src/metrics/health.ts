/** How an upstream is, from all that is known without asking it. */

import type { BreakerState } from '../domain/attempt.ts';
import type { Health, WindowSnapshot } from '../domain/snapshot.ts';

/** What stands beside the window. */
export interface HealthState {
  readonly breaker: BreakerState;
  /** What the upstream is left alone for now, if it is. */
  readonly paused: 'rateLimit' | 'quota' | 'auth' | null;
  /** The last check of its connection within the window, if there was one. */
  readonly reached: boolean | undefined;
}

/** Half of the attempts failing is where a breaker opens by default; fewer than five say little. */
const DOWN_ERROR_RATE = 0.5;
const DOWN_MIN_ATTEMPTS = 5;
/** One failure in twenty, and more than a single one. */
const DEGRADED_ERROR_RATE = 0.05;
const DEGRADED_MIN_FAILURES = 2;

export function healthOf(
  { successes, failures, errorRate }: Pick<WindowSnapshot, 'successes' | 'failures' | 'errorRate'>,
  { breaker, paused, reached }: HealthState,
): Health {
  if (breaker.state === 'open' || paused === 'quota' || paused === 'auth') return 'down';
  if (reached === false) return successes > 0 ? 'degraded' : 'down';
  const attempts = successes + failures;
  const rate = errorRate ?? 0;
  if (attempts >= DOWN_MIN_ATTEMPTS && rate >= DOWN_ERROR_RATE) return 'down';
  if (breaker.state === 'halfOpen' || paused) return 'degraded';
  if (failures >= DEGRADED_MIN_FAILURES && rate >= DEGRADED_ERROR_RATE) return 'degraded';
  return attempts === 0 && reached === undefined ? 'unknown' : 'healthy';
}
