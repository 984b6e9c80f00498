import { expect, test } from 'vitest';
import { healthOf, type HealthState } from '../../src/metrics/health.ts';

const AT_REST: HealthState = { breaker: { state: 'closed' }, paused: null, reached: undefined };
const windowOf = (successes: number, failures: number) => ({
  successes,
  failures,
  errorRate: successes + failures === 0 ? null : failures / (successes + failures),
});

test.each<[string, number, number, Partial<HealthState>, string]>([
  ['nothing was asked', 0, 0, {}, 'unknown'],
  ['all succeeds', 10, 0, {}, 'healthy'],
  ['one of many fails', 10, 1, {}, 'healthy'],
  ['one in twenty fails', 38, 2, {}, 'degraded'],
  ['half fails', 3, 3, {}, 'down'],
  ['all of a few fail', 0, 4, {}, 'degraded'],
  ['its breaker is open', 10, 0, { breaker: { state: 'open', untilMs: 1 } }, 'down'],
  ['its breaker is closing', 10, 0, { breaker: { state: 'halfOpen', successes: 0 } }, 'degraded'],
  ['it is paused for a rate limit', 10, 0, { paused: 'rateLimit' }, 'degraded'],
  ['it is paused for its quota', 10, 0, { paused: 'quota' }, 'down'],
  ['it is paused for its key', 10, 0, { paused: 'auth' }, 'down'],
  ['a check reached it', 0, 0, { reached: true }, 'healthy'],
  ['a check did not reach it', 0, 0, { reached: false }, 'down'],
  ['a check did not reach it, and calls do', 10, 0, { reached: false }, 'degraded'],
])('an upstream where %s', (_, successes, failures, state, health) => {
  expect(healthOf(windowOf(successes, failures), { ...AT_REST, ...state })).toBe(health);
});
