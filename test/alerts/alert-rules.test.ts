import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AlertBound, AlertRule } from '../../src/domain/alert.ts';
import { AlertRules } from '../../src/alerts/evaluate-rules.ts';
import type { MetricReading } from '../../src/alerts/read-metric.ts';

function alertRule(changes: Partial<AlertRule> = {}): AlertRule {
  return {
    name: 'errors',
    metric: 'errorRate',
    upstream: 'deepseek',
    bound: { above: 0.05 },
    clear: boundOf(changes.bound ?? { above: 0.05 }),
    forMs: 0,
    minCalls: 20,
    severity: 'critical',
    action: undefined,
    ...changes,
  };
}

/** The rules of these tests resolve at their bound by default. */
const boundOf = (bound: AlertBound): number => ('above' in bound ? bound.above : bound.below);

const BAD: MetricReading = { value: 0.5, calls: 100 };
const GOOD: MetricReading = { value: 0.01, calls: 100 };
const NOTHING: MetricReading = { value: null, calls: 0 };

/** The changes of a rule that is evaluated with each reading at its time. */
function statesOf(rule: AlertRule, timeline: readonly (readonly [atMs: number, reading: MetricReading])[]) {
  const rules = new AlertRules([rule]);
  return timeline.flatMap(([atMs, reading]) =>
    rules.evaluate(atMs, () => reading).map(({ alert }) => [atMs, alert.state]),
  );
}

describe('firing', () => {
  test('a rule without `for` fires at the first evaluation in which its condition holds', () => {
    expect(
      statesOf(alertRule(), [
        [0, GOOD],
        [10, BAD],
      ]),
    ).toEqual([[10, 'firing']]);
  });

  test('a firing rule does not fire again at later evaluations', () => {
    expect(
      statesOf(alertRule(), [
        [0, BAD],
        [0, BAD],
        [1, BAD],
        [1e9, BAD],
      ]),
    ).toEqual([[0, 'firing']]);
  });

  test('the alert has the rule, the value and the time', () => {
    const rule = alertRule({ action: 'rollback' });
    expect(new AlertRules([rule]).evaluate(7, () => BAD)).toEqual([
      {
        rule,
        alert: {
          name: 'errors',
          state: 'firing',
          metric: 'errorRate',
          upstream: 'deepseek',
          value: 0.5,
          bound: { above: 0.05 },
          calls: 100,
          severity: 'critical',
          atMs: 7,
        },
      },
    ]);
  });

  test.each([
    ['above 0.05 fires above it', { above: 0.05 }, 0.0500001, 1],
    ['above 0.05 does not fire at 0.05', { above: 0.05 }, 0.05, 0],
    ['below 0.9 fires below it', { below: 0.9 }, 0.89, 1],
    ['below 0.9 does not fire at 0.9', { below: 0.9 }, 0.9, 0],
    ['below 1 fires at 0', { below: 1 }, 0, 1],
  ] as const)('%s', (_, bound, value, fired) => {
    expect(new AlertRules([alertRule({ bound })]).evaluate(0, () => ({ value, calls: 100 }))).toHaveLength(fired);
  });

  test('a rule does not fire with too few calls', () => {
    expect(
      statesOf(alertRule(), [
        [0, { value: 1, calls: 19 }],
        [1e9, { value: 1, calls: 19 }],
      ]),
    ).toEqual([]);
    expect(statesOf(alertRule(), [[0, { value: 1, calls: 20 }]])).toEqual([[0, 'firing']]);
  });

  test.each([{ above: -1 }, { below: 1 }])('a rule with bound %o does not fire without a value', (bound) => {
    expect(
      statesOf(alertRule({ bound, minCalls: 0 }), [
        [0, NOTHING],
        [1e9, NOTHING],
      ]),
    ).toEqual([]);
  });
});

describe('pending', () => {
  const rule = alertRule({ forMs: 60_000 });

  test('a rule fires once its condition has held for `for`', () => {
    expect(
      statesOf(rule, [
        [0, BAD],
        [59_999, BAD],
        [60_000, BAD],
      ]),
    ).toEqual([[60_000, 'firing']]);
  });

  test('the time counts from the first evaluation in which the condition holds', () => {
    expect(
      statesOf(rule, [
        [0, GOOD],
        [50_000, BAD],
        [100_000, BAD],
        [110_000, BAD],
      ]),
    ).toEqual([[110_000, 'firing']]);
  });

  test.each([
    ['a value within the bound', GOOD],
    ['no value', NOTHING],
    ['too few calls', { value: 0.5, calls: 19 }],
  ])('%s restarts the time', (_, interruption) => {
    const timeline = [
      [0, BAD],
      [30_000, interruption],
      [40_000, BAD],
      [99_999, BAD],
      [100_000, BAD],
    ] as const;
    expect(statesOf(rule, timeline)).toEqual([[100_000, 'firing']]);
  });

  test('a condition that ends while pending raises no alert', () => {
    expect(
      statesOf(rule, [
        [0, BAD],
        [59_999, BAD],
        [60_000, GOOD],
      ]),
    ).toEqual([]);
  });
});

describe('resolving', () => {
  test('a rule resolves once, at the first value within its bound', () => {
    expect(
      statesOf(alertRule(), [
        [0, BAD],
        [10, GOOD],
        [20, GOOD],
        [30, NOTHING],
      ]),
    ).toEqual([
      [0, 'firing'],
      [10, 'resolved'],
    ]);
  });

  test('a rule resolves at once, even with `for`', () => {
    expect(
      statesOf(alertRule({ forMs: 1_000 }), [
        [0, BAD],
        [1_000, BAD],
        [1_001, GOOD],
      ]),
    ).toEqual([
      [1_000, 'firing'],
      [1_001, 'resolved'],
    ]);
  });

  test('a value beyond the bound keeps the rule firing even with too few calls', () => {
    expect(
      statesOf(alertRule(), [
        [0, BAD],
        [10, { value: 1, calls: 1 }],
      ]),
    ).toEqual([[0, 'firing']]);
  });

  test('a value within the bound resolves the rule even with too few calls', () => {
    expect(
      statesOf(alertRule(), [
        [0, BAD],
        [10, { value: 0, calls: 1 }],
      ]),
    ).toEqual([
      [0, 'firing'],
      [10, 'resolved'],
    ]);
  });

  test('a rule resolves with the value null when no calls are left', () => {
    const rules = new AlertRules([alertRule()]);
    rules.evaluate(0, () => BAD);
    expect(rules.evaluate(10, () => NOTHING)).toMatchObject([{ alert: { state: 'resolved', value: null, calls: 0 } }]);
  });

  test('a rule on a low number of calls keeps firing without calls', () => {
    const silent = alertRule({ metric: 'calls', bound: { below: 10 }, minCalls: 0 });
    expect(
      statesOf(silent, [
        [0, { value: 9, calls: 9 }],
        [10, { value: 0, calls: 0 }],
      ]),
    ).toEqual([[0, 'firing']]);
  });

  test.each([
    ['above', { bound: { above: 0.05 }, clear: 0.04 }, 0.06, 0.045, 0.04],
    ['below', { bound: { below: 0.9 }, clear: 0.92 }, 0.8, 0.91, 0.92],
  ] as const)('a rule with the bound %s resolves at `clear`, not at the bound', (_, rule, bad, back, clear) => {
    expect(
      statesOf(alertRule(rule), [
        [0, { value: bad, calls: 100 }],
        [1, { value: back, calls: 100 }],
        [2, { value: bad, calls: 100 }],
        [3, { value: back, calls: 100 }],
        [4, { value: clear, calls: 100 }],
        [5, { value: back, calls: 100 }],
      ]),
    ).toEqual([
      [0, 'firing'],
      [4, 'resolved'],
    ]);
  });

  test('a resolved rule can fire again after the full time of `for`', () => {
    const timeline = [
      [0, BAD],
      [100, BAD],
      [200, GOOD],
      [300, BAD],
      [399, BAD],
      [400, BAD],
    ] as const;
    expect(statesOf(alertRule({ forMs: 100 }), timeline)).toEqual([
      [100, 'firing'],
      [200, 'resolved'],
      [400, 'firing'],
    ]);
  });
});

test('each rule reads the metric and the upstream that it names', () => {
  const rules = new AlertRules([
    alertRule({ name: 'errors' }),
    alertRule({ name: 'latency', metric: 'latencyP95', upstream: undefined, bound: { above: 2_000 } }),
  ]);
  const changes = rules.evaluate(0, ({ metric, upstream }) =>
    metric === 'latencyP95' && upstream === undefined ? { value: 2_500, calls: 50 } : GOOD,
  );
  expect(changes.map(({ alert }) => [alert.name, alert.value])).toEqual([['latency', 2_500]]);
});

test('rules have separate states, even with the same name', () => {
  const rules = new AlertRules([alertRule({ bound: { above: 0.05 } }), alertRule({ bound: { above: 0.4 } })]);
  expect(rules.evaluate(0, () => ({ value: 0.1, calls: 100 }))).toHaveLength(1);
  expect(rules.evaluate(1, () => BAD)).toMatchObject([{ alert: { bound: { above: 0.4 } } }]);
});

test('the phase of a rule can be read', () => {
  const rules = new AlertRules([alertRule({ forMs: 10 })]);
  const phases = [0, 5, 10, 20].map((atMs) => {
    rules.evaluate(atMs, () => (atMs === 20 ? GOOD : BAD));
    return rules.statuses.map(({ phase }) => phase);
  });
  expect(phases).toEqual([['pending'], ['pending'], ['firing'], ['inactive']]);
  expect(rules.statuses).toMatchObject([{ name: 'errors', metric: 'errorRate', upstream: 'deepseek' }]);
});

test('for any readings firing and resolved alternate, and a rule fires only beyond the bound with enough calls', () => {
  const reading = fc.record({
    value: fc.option(fc.double({ min: 0, max: 0.1, noNaN: true })),
    calls: fc.nat({ max: 40 }),
  });
  const steps = fc.array(fc.tuple(fc.nat({ max: 100 }), reading), { maxLength: 50 });
  fc.assert(
    fc.property(steps, fc.nat({ max: 200 }), (timeline, forMs) => {
      const rules = new AlertRules([alertRule({ forMs })]);
      let nowMs = 0;
      const alerts = timeline.flatMap(([passedMs, read]) => {
        nowMs += passedMs;
        return rules.evaluate(nowMs, () => read).map(({ alert }) => alert);
      });
      expect(alerts.map(({ state }) => state)).toEqual(
        alerts.map((_, index) => (index % 2 === 0 ? 'firing' : 'resolved')),
      );
      for (const { state, value, calls } of alerts) {
        const firing = state === 'firing';
        expect((value ?? 0) > 0.05).toBe(firing);
        expect(calls).toBeGreaterThanOrEqual(firing ? 20 : 0);
      }
    }),
    { seed: 4 },
  );
});
