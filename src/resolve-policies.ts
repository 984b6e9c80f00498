/** Checks how often a call is tried, and when an upstream is taken out of service. */

import { checkDuration, checkKeys, checkNumber } from './check.ts';
import type { DispatchPolicy } from './dispatch/dispatch-parts.ts';
import type { BreakerOptions, CanaryOptions } from './options.ts';
import type { BreakerPolicy } from './upstream/breaker.ts';
import { ConfigError } from './upstream/errors.ts';

/** @throws ConfigError */
export function resolveRetry({ retry = {}, timeouts = {} }: CanaryOptions): DispatchPolicy {
  checkKeys('canary.retry', retry, ['attempts', 'minDelay', 'maxDelay', 'budget']);
  checkKeys('canary.timeouts', timeouts, ['deadline']);
  const { minDelay = '250ms' } = retry;
  const minDelayMs = checkDuration('canary.retry.minDelay', minDelay, { min: 0 });
  const { maxDelay = Math.max(8_000, minDelayMs) } = retry;
  const maxDelayMs = checkDuration('canary.retry.maxDelay', maxDelay, { min: 0 });
  if (minDelayMs > maxDelayMs) {
    throw new ConfigError(
      'canary.retry.minDelay',
      `should not be longer than maxDelay (${maxDelayMs} ms), got ${minDelayMs} ms`,
    );
  }
  const attempts =
    retry.attempts === undefined
      ? undefined
      : checkNumber('canary.retry.attempts', retry.attempts, { min: 0, max: 100, integer: true });
  const deadlineMs =
    timeouts.deadline === undefined ? undefined : checkDuration('canary.timeouts.deadline', timeouts.deadline);
  return { attempts, minDelayMs, maxDelayMs, deadlineMs };
}

/** @throws ConfigError */
export function resolveBreaker(breaker: BreakerOptions): BreakerPolicy {
  const path = 'canary.breaker';
  checkKeys(path, breaker, ['errorRate', 'window', 'minCalls', 'consecutive', 'openFor', 'maxOpenFor', 'probes']);
  const { errorRate = 0.5, window = '30s', minCalls = 20, consecutive = 5, openFor = '10s', probes = 3 } = breaker;
  const openForMs = checkDuration(`${path}.openFor`, openFor);
  const { maxOpenFor = Math.max(300_000, openForMs) } = breaker;
  const maxOpenForMs = checkDuration(`${path}.maxOpenFor`, maxOpenFor);
  if (openForMs > maxOpenForMs) {
    throw new ConfigError(
      `${path}.openFor`,
      `should not be longer than maxOpenFor (${maxOpenForMs} ms), got ${openForMs} ms`,
    );
  }
  return {
    errorRate: checkNumber(`${path}.errorRate`, errorRate, { min: 0, max: 1 }),
    windowMs: checkDuration(`${path}.window`, window),
    minCalls: checkNumber(`${path}.minCalls`, minCalls, { min: 1, integer: true }),
    consecutive: checkNumber(`${path}.consecutive`, consecutive, { min: 1, integer: true }),
    openForMs,
    maxOpenForMs,
    probes: checkNumber(`${path}.probes`, probes, { min: 1, integer: true }),
  };
}
