import { expect, test } from 'vitest';
import { healthOf, type HealthState } from '../../src/metrics/health.ts';

const AT_REST: HealthState = { breaker: { state: 'closed' }, paused: null, reached: undefined };
const windowOf = (successes: number, failures: number) => ({
  successes,
  failures,
  errorRate: successes + failures === 0 ? null : failures / (successes + failures),
});

test.each<[string, number, number, Partial<HealthState>, string]>([
  ['no calls were made', 0, 0, {}, 'unknown'],
  ['all attempts succeed', 10, 0, {}, 'healthy'],
  ['one of many attempts fails', 10, 1, {}, 'healthy'],
  ['one attempt in twenty fails', 38, 2, {}, 'degraded'],
  ['half of the attempts fail', 3, 3, {}, 'down'],
  ['fewer than five attempts fail', 0, 4, {}, 'degraded'],
  ['the breaker is open', 10, 0, { breaker: { state: 'open', untilMs: 1 } }, 'down'],
  ['the breaker is half open', 10, 0, { breaker: { state: 'halfOpen', successes: 0 } }, 'degraded'],
  ['a rate limit paused calls', 10, 0, { paused: 'rateLimit' }, 'degraded'],
  ['an exhausted quota paused calls', 10, 0, { paused: 'quota' }, 'down'],
  ['an invalid key paused calls', 10, 0, { paused: 'auth' }, 'down'],
  ['a connection check succeeded', 0, 0, { reached: true }, 'healthy'],
  ['a connection check failed', 0, 0, { reached: false }, 'down'],
  ['a connection check failed but calls succeed', 10, 0, { reached: false }, 'degraded'],
])('an upstream where %s', (_, successes, failures, state, health) => {
  expect(healthOf(windowOf(successes, failures), { ...AT_REST, ...state })).toBe(health);
});
