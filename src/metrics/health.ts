/** Rates an upstream's health from what is known without a request. */

import type { BreakerState } from '../domain/attempt.ts';
import type { Health, WindowSnapshot } from '../domain/snapshot.ts';

/** What counts for the health apart from the numbers of the window. */
export interface HealthState {
  readonly breaker: BreakerState;
  /** Why no calls are sent for now; `null` if the upstream is not paused. */
  readonly paused: 'rateLimit' | 'quota' | 'auth' | null;
  /** Whether the last connection check within the window succeeded; `undefined` if there was no check. */
  readonly reached: boolean | undefined;
}

/** The error rate at which a breaker opens by default. Fewer than five attempts are too few to judge. */
const DOWN_ERROR_RATE = 0.5;
const DOWN_MIN_ATTEMPTS = 5;
/** One failure in twenty; a single failure is not enough. */
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

/**
 * The health of an upstream, from those of its models.
 *
 * @param whole the health by the numbers of all models together
 */
export function healthOfAll(models: readonly Health[], whole: Health): Health {
  if (models.length < 2 || models.every((health) => health === 'unknown')) return whole;
  if (models.every((health) => health === 'down')) return 'down';
  if (models.every((health) => health === 'healthy' || health === 'unknown')) return 'healthy';
  return models.includes('healthy') ? 'degraded' : whole;
}
