import { describe, expect, test } from 'vitest';
import { resolveAlerts } from '../../src/alerts/resolve-alerts.ts';
import { ALERT_METRICS } from '../../src/domain/alert.ts';
import { exactly, messageOf, refusalOf } from '../support/message-of.ts';

const NAMES = ['openai', 'gemini'];
const RULE = { name: 'slow', metric: 'latencyP95', above: 2_000 } as const;
const ROLLBACK = { name: 'bad', metric: 'errorRate', above: 0.1, upstream: 'gemini', action: 'rollback' } as const;

test('a rule needs a name, a metric and a bound', () => {
  expect(resolveAlerts([RULE], NAMES)).toEqual([
    {
      name: 'slow',
      metric: 'latencyP95',
      upstream: undefined,
      bound: { above: 2_000 },
      clear: 1_800,
      forMs: 0,
      minCalls: 20,
      severity: 'warning',
      action: undefined,
    },
  ]);
});

test('a rule can set all options', () => {
  const rule = { ...ROLLBACK, clear: 0.05, for: '2m', minCalls: 50, severity: 'critical' } as const;
  expect(resolveAlerts([rule], NAMES)).toEqual([
    {
      name: 'bad',
      metric: 'errorRate',
      upstream: 'gemini',
      bound: { above: 0.1 },
      clear: 0.05,
      forMs: 120_000,
      minCalls: 50,
      severity: 'critical',
      action: 'rollback',
    },
  ]);
});

test('a rule on the number of calls needs no calls to fire', () => {
  const [rule] = resolveAlerts([{ name: 'quiet', metric: 'calls', below: 1 }], NAMES);
  expect(rule).toMatchObject({ minCalls: 0, bound: { below: 1 } });
});

test.each(ALERT_METRICS)('a rule can watch %s', (metric) => {
  expect(resolveAlerts([{ name: 'rule', metric, above: 1 }], NAMES)).toMatchObject([{ metric }]);
});

test.each([
  [{ ...RULE, name: '' }, 'name should be a name, got ""'],
  [{ ...RULE, name: 5 }, 'name should be a name, got 5'],
  [{ ...RULE, metric: undefined }, /^metric should be one of errorRate, .*, got undefined$/],
  [{ ...RULE, metric: 'latencyP96' }, /^metric should be one of .*, got "latencyP96"; did you mean latencyP95\?$/],
  [{ ...RULE, for: '60 sec' }, /^for should be a number of ms .*, got "60 sec"$/],
  [{ ...RULE, for: -1 }, /^for should be a number of ms .*, got -1$/],
  [{ ...RULE, for: null }, /^for should be a number of ms .*, got null$/],
  [{ ...RULE, minCalls: -1 }, 'minCalls should be a whole number, at least 0, got -1'],
  [{ ...RULE, minCalls: null }, 'minCalls should be a whole number, at least 0, got null'],
  [{ ...RULE, severity: 'high' }, 'severity should be one of info, warning, critical, got "high"'],
  [{ ...RULE, above: -1 }, 'above should be a non-negative number, got -1'],
  [{ ...RULE, above: '2s' }, 'above should be a non-negative number, got "2s"'],
  [{ ...ROLLBACK, above: 5 }, 'above should be between 0 and 1, got 5'],
  [{ name: 'r', metric: 'primaryHitRate', below: 95 }, 'below should be between 0 and 1, got 95'],
  [{ ...ROLLBACK, clear: 0.2 }, 'clear should be between 0 and 0.1, got 0.2'],
  [{ name: 'r', metric: 'calls', below: 5, clear: 4 }, 'clear should be a number, at least 5, got 4'],
  [{ ...ROLLBACK, upstream: undefined }, 'upstream should name the upstream that the rule rolls back'],
  [{ ...ROLLBACK, action: 'rolback' }, 'action should be one of rollback, got "rolback"; did you mean rollback?'],
])('%j is refused', (rule, message) => {
  const refusal = refusalOf({ alerts: [rule] }).replace('canary.alerts[0].', '');
  expect(refusal).toMatch(typeof message === 'string' ? exactly(message) : message);
});

test.each([
  [{ metric: 'errorRate', above: 0.05 }, 0.045],
  [{ metric: 'costPerHour', above: 20 }, 18],
  [{ metric: 'openBreakers', above: 0 }, 0],
  [{ metric: 'primaryHitRate', below: 0.95 }, 0.955],
  [{ metric: 'calls', below: 10 }, 11],
  [{ metric: 'calls', below: 1 }, 1],
  [{ metric: 'calls', below: 5 }, 5],
  [{ metric: 'openBreakers', above: 1 }, 1],
  [{ metric: 'failures', above: 100 }, 90],
  [{ metric: 'failures', above: 0.5 }, 0.5],
] as const)('%j resolves at %d', (rule, clear) => {
  const [resolved] = resolveAlerts([{ name: 'rule', ...rule }], NAMES);
  expect(resolved?.clear).toBeCloseTo(clear, 10);
});

describe('a bound', () => {
  test.each([
    { name: 'r', metric: 'calls' },
    { name: 'r', metric: 'calls', above: 1, below: 2 },
  ])('is either above or below: %j', (rule) => {
    expect(refusalOf({ alerts: [rule] })).toBe('canary.alerts[0] should have either above or below');
  });
});

test('refuses a rollback of the only upstream', () => {
  expect(messageOf(() => resolveAlerts([{ ...ROLLBACK, upstream: 'openai' }], ['openai']))).toBe(
    'canary.alerts[0].action needs a second upstream to roll back to',
  );
});

test('refuses two rules with the same name', () => {
  expect(refusalOf({ alerts: [RULE, ROLLBACK, { ...RULE, above: 3_000 }] })).toBe(
    'canary.alerts[2].name should be unique, got "slow" twice',
  );
});
