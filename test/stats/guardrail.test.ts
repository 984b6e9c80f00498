/** What each kind of guardrail detects, and what it passes. */

import { describe, expect, test } from 'vitest';
import { createGuardrail, type GuardrailOptions } from '../../src/stats/guardrail.ts';
import { lognormal, seededRandom } from '../../src/testing/seeded-random.ts';

type Draw = (random: () => number) => number;

/** The verdict after this many calls, a fifth of them the canary's. */
function judge(options: GuardrailOptions, stable: Draw, canary: Draw, calls = 6_000) {
  const random = seededRandom(5);
  const guardrail = createGuardrail(options);
  for (let index = 0; index < calls; index++) {
    const isCanary = random() < 0.2;
    const value = (isCanary ? canary : stable)(random);
    guardrail.observe({ arm: isCanary ? 'canary' : 'stable', value, share: 0.2 });
  }
  return guardrail.verdict;
}

const slow =
  (factor: number): Draw =>
  (random) =>
    lognormal(800 * factor, 0.6, random);
const failing =
  (rate: number): Draw =>
  (random) =>
    random() < rate ? Number.POSITIVE_INFINITY : lognormal(800, 0.6, random);
const stars =
  (shareOfFive: number): Draw =>
  (random) =>
    random() < shareOfFive ? 5 : 4;
const bad =
  (rate: number): Draw =>
  (random) =>
    random() < rate ? 1 : 0;
const always =
  (value: number): Draw =>
  () =>
    value;

const worse = { alpha: 0.01, direction: 'worse' } as const;
const noWorse = { alpha: 0.05, direction: 'noWorse' } as const;

test.each<[string, Partial<GuardrailOptions> & { metric: string }, Draw, Draw]>([
  ['five times the errors', { metric: 'errorRate' }, bad(0.01), bad(0.05)],
  ['an error rate beyond its margin', { metric: 'errorRate', margin: 0.02 }, bad(0.01), bad(0.06)],
  ['an error rate above its limit', { metric: 'errorRate', max: 0.02 }, bad(0.05), bad(0.05)],
  ['a median that is 1.5 times as long', { metric: 'latencyP50', margin: 0.2 }, slow(1), slow(1.5)],
  ['a 95th percentile that is doubled', { metric: 'latencyP95', margin: 0.2 }, slow(1), slow(2)],
  ['a 99th percentile above its limit', { metric: 'latencyP99', max: 2_000 }, slow(1), slow(1)],
  ['a first chunk that is late', { metric: 'firstChunkP95' }, slow(1), slow(2)],
  ['latency that is 1.5 times as long', { metric: 'latency', margin: 0.2 }, slow(1), slow(1.5)],
  ['failures, as the worst of latencies', { metric: 'latency', margin: 0.2 }, failing(0.01), failing(0.2)],
  ['a cost beyond its margin', { metric: 'costPerCall', margin: 0.1 }, slow(1e-6), slow(1.5e-6)],
  ['a cost where stable is free', { metric: 'costPerCall', margin: 0.1 }, always(0), always(0.001)],
  ['a median cost above its limit', { metric: 'costPerCall', max: 0.0005 }, slow(1e-6), slow(1e-6)],
  ['fewer stars', { metric: 'quality', margin: 0 }, stars(0.9), stars(0.6)],
  ['more of a metric where lower is better', { metric: 'refusals', margin: 0 }, bad(0.05), bad(0.2)],
  ['less of a metric where higher is better', { metric: 'clicks', better: 'higher', margin: 0 }, bad(0.2), bad(0.05)],
])('%s is worse', (_name, options, stable, canary) => {
  expect(judge({ ...worse, ...options }, stable, canary)).toBe('fail');
  expect(judge({ ...noWorse, ...options }, stable, canary)).toBe('inconclusive');
});

test.each<[string, Partial<GuardrailOptions> & { metric: string }, Draw, Draw]>([
  ['the same error rate', { metric: 'errorRate', margin: 0.02 }, bad(0.01), bad(0.01)],
  ['an error rate below its limit', { metric: 'errorRate', max: 0.05 }, bad(0.01), bad(0.01)],
  ['the same 95th percentile', { metric: 'latencyP95', margin: 0.3 }, slow(1), slow(1)],
  ['the same latency', { metric: 'latency', margin: 0.2 }, slow(1), slow(1)],
  ['a lower cost, without a margin', { metric: 'costPerCall', margin: 0 }, slow(1e-6), slow(0.5e-6)],
  ['no cost', { metric: 'costPerCall', margin: 0 }, slow(1e-6), always(0)],
  ['more stars', { metric: 'quality', margin: 0 }, stars(0.5), stars(0.8)],
  ['finite latencies where stable always fails', { metric: 'latency', margin: 0 }, failing(1), slow(1)],
])('%s is no worse', (_name, options, stable, canary) => {
  expect(judge({ ...noWorse, ...options }, stable, canary)).toBe('pass');
  expect(judge({ ...worse, ...options }, stable, canary)).toBe('inconclusive');
});

describe('a guardrail', () => {
  test('starts at 1 and is inconclusive without calls', () => {
    for (const options of [
      { ...worse, metric: 'errorRate' },
      { ...noWorse, metric: 'latency' },
    ]) {
      const guardrail = createGuardrail(options);
      expect(guardrail.evidence).toBeCloseTo(1, 12);
      expect(guardrail.verdict).toBe('inconclusive');
    }
  });

  test('takes no evidence from calls at a share of 0 or 1', () => {
    const guardrail = createGuardrail({ ...worse, metric: 'errorRate' });
    for (let index = 0; index < 1_000; index++) guardrail.observe({ arm: 'canary', value: true, share: 1 });
    for (let index = 0; index < 1_000; index++) guardrail.observe({ arm: 'stable', value: false, share: 0 });
    expect(guardrail.evidence).toBeCloseTo(1, 12);
  });

  test('ignores NaN', () => {
    const guardrail = createGuardrail({ ...worse, metric: 'quality' });
    for (let index = 0; index < 100; index++) guardrail.observe({ arm: 'canary', value: Number.NaN, share: 0.5 });
    expect(guardrail.evidence).toBeCloseTo(1, 12);
  });

  test('detects an outage in three canary calls', () => {
    const guardrail = createGuardrail({ ...worse, metric: 'errorRate' });
    for (let index = 0; index < 60; index++) guardrail.observe({ arm: 'stable', value: false, share: 0.05 });
    for (let index = 0; index < 3; index++) guardrail.observe({ arm: 'canary', value: true, share: 0.05 });
    expect(guardrail.verdict).toBe('fail');
  });

  test.each([
    ['a fifth of it', () => 0.2, 'pass'],
    ['the same', () => 1, 'inconclusive'],
    ['less than the margin above it', () => 1.05, 'inconclusive'],
    [
      'the same, and a third of the calls twice as much',
      (random: () => number) => (random() < 0.3 ? 2 : 1),
      'inconclusive',
    ],
  ] as const)("where all of stable's calls cost the same and the canary's %s, says %s", (_what, cost, verdict) => {
    const random = seededRandom(7);
    const guardrail = createGuardrail({ ...noWorse, metric: 'costPerCall', margin: 0.1 });
    for (let index = 0; index < 3_000; index++) {
      const isCanary = random() < 0.2;
      const value = 0.004 * (isCanary ? cost(random) : 1);
      guardrail.observe({ arm: isCanary ? 'canary' : 'stable', value, share: 0.2 });
    }
    expect(guardrail.verdict).toBe(verdict);
  });

  test.each([
    [{ ...worse, metric: 'errorRate', alpha: 0 }, 'alpha should be between 0 and 1, got 0'],
    [{ ...worse, metric: 'errorRate', margin: 1 }, 'errorRate.margin should be from 0 to below 1, got 1'],
    [{ ...worse, metric: 'errorRate', max: 1.5 }, 'errorRate.max should be between 0 and 1, got 1.5'],
    [{ ...worse, metric: 'latency', margin: -0.1 }, 'latency.margin should be at least 0, got -0.1'],
    [{ ...worse, metric: 'latency', max: Infinity }, 'latency.max should be a number, got Infinity'],
  ])('refuses %j', (options, message) => {
    expect(() => createGuardrail(options)).toThrow(new RangeError(message));
  });
});
