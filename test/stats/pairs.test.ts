/** Evidence from pairs of a copy and its call: its laws, and how many pairs a decision takes. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { metricOf, type MetricName } from '../../src/stats/metric.ts';
import { createPairBet, pairsUntil } from '../../src/stats/pair-bet.ts';
import { PairAnalysis } from '../../src/stats/pair-analysis.ts';
import { PairGuard } from '../../src/stats/pair-guard.ts';
import { seededRandom } from '../../src/testing/index.ts';

/** A pair of values, and its probability. */
type Pair = readonly [copy: number, real: number, probability: number];

/** E of the e-value over all sequences of pairs, one by each law. */
function expectation(laws: readonly (readonly Pair[])[], evidence: (pairs: readonly Pair[]) => number): number {
  const visit = (index: number, pairs: readonly Pair[]): number =>
    laws[index]?.reduce((sum, pair) => sum + pair[2] * visit(index + 1, [...pairs, pair]), 0) ?? evidence(pairs);
  return visit(0, []);
}

/** @param margin of both directions */
const guardOf = (metric: MetricName, margin: number): PairGuard =>
  new PairGuard(metricOf(metric), { worse: { margin }, noWorse: { margin } });

const valueOf =
  (metric: MetricName, margin: number, direction: 'worse' | 'noWorse') =>
  (pairs: readonly Pair[]): number => {
    const guard = guardOf(metric, margin);
    for (const [copy, real] of pairs) guard.observe(copy, real);
    return Math.exp(guard[direction]);
  };

/** Failures of both sides that may depend on each other, where the copy fails more often by `more`. */
function failures(both: number, rest: number, more: number): readonly Pair[] {
  const onlyReal = (1 - both - more) * rest * 0.5;
  const onlyCopy = onlyReal + more;
  return [
    [1, 1, both],
    [1, 0, onlyCopy],
    [0, 1, onlyReal],
    [0, 0, 1 - both - onlyCopy - onlyReal],
  ];
}

const part = fc.double({ min: 0, max: 1, noNaN: true });

describe('the expectation of the evidence', () => {
  const margins = fc.double({ min: 0, max: 0.3, noNaN: true });

  test('is 1 where the copy fails more often by exactly the margin, however both sides depend on each other', () => {
    fc.assert(
      fc.property(margins, fc.array(fc.tuple(part, part), { minLength: 4, maxLength: 4 }), (margin, given) => {
        const laws = given.map(([both, rest]) => failures(both * 0.5, rest, margin));
        for (const direction of ['worse', 'noWorse'] as const) {
          expect(expectation(laws, valueOf('errorRate', margin, direction))).toBeCloseTo(1, 9);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('is at most 1 within the margin, and at most 1 beyond it for the proof', () => {
    fc.assert(
      fc.property(margins, part, part, part, (margin, share, both, rest) => {
        const within = Array.from({ length: 4 }, () => failures(both * 0.4, rest, margin * share));
        expect(expectation(within, valueOf('errorRate', margin, 'worse'))).toBeLessThanOrEqual(1 + 1e-9);
        const beyond = Array.from({ length: 4 }, () => failures(both * 0.4, rest, margin + (0.5 - margin) * share));
        expect(expectation(beyond, valueOf('errorRate', margin, 'noWorse'))).toBeLessThanOrEqual(1 + 1e-9);
      }),
      { numRuns: 20 },
    );
  });

  test.each(['latency', 'costPerCall', 'quality'])(
    'is 1 for %s if the two sides of a pair may be exchanged',
    (metric) => {
      const laws = Array.from({ length: 4 }, (): readonly Pair[] => [
        [1, 2, 0.2],
        [2, 1, 0.2],
        [1, 5, 0.15],
        [5, 1, 0.15],
        [3, 3, 0.3],
      ]);
      expect(expectation(laws, valueOf(metric, 0, 'worse'))).toBeCloseTo(1, 9);
      expect(expectation(laws, valueOf(metric, 0, 'noWorse'))).toBeCloseTo(1, 9);
    },
  );
});

describe('pairs', () => {
  test('cost nothing while they agree and there is no margin', () => {
    const guard = guardOf('errorRate', 0);
    for (let pair = 0; pair < 1_000; pair++) guard.observe(pair % 7 === 0 ? 1 : 0, pair % 7 === 0 ? 1 : 0);
    expect(guard.worse).toBeCloseTo(0, 9);
  });

  test('continue from a stored state', () => {
    const options = { guardrails: { errorRate: {}, latencyP95: { max: 900 }, quality: {} }, alpha: 0.01, weight: 0.05 };
    const random = seededRandom(2);
    const pair = (): Readonly<Record<string, number>> => {
      return { errorRate: random() < 0.1 ? 1 : 0, latencyP95: 100 + 900 * random(), quality: random() };
    };
    const one = new PairAnalysis(options);
    for (let index = 0; index < 100; index++) one.observe(pair(), pair());
    const other = new PairAnalysis({ ...options, weight: 0.5 });
    other.restore(JSON.parse(JSON.stringify(one.toJSON())) as ReturnType<PairAnalysis['toJSON']>);
    for (let index = 0; index < 100; index++) {
      const [copy, real] = [pair(), pair()];
      one.observe(copy, real);
      other.observe(copy, real);
    }
    expect(other.guardrails).toEqual(one.guardrails);
    expect(other.rollback).toEqual(one.rollback);
  });

  test('restart their proof with another margin at another step', () => {
    const analysis = new PairAnalysis({ guardrails: { errorRate: {} }, alpha: 0.01, weight: 0.01 });
    let pairs = 0;
    for (; analysis.verdict !== 'pass'; pairs++) analysis.observe({ errorRate: 0 }, { errorRate: 0 });
    // 28 by ln 20 / ln(1 / (1 − 0.1)), and the price of spreading the wealth.
    expect(pairs).toBeGreaterThanOrEqual(28);
    expect(pairs).toBeLessThan(45);
    analysis.startStep(0.5);
    expect(analysis.verdict).toBe('inconclusive');
    for (pairs = 0; analysis.verdict !== 'pass'; pairs++) analysis.observe({ errorRate: 0 }, { errorRate: 0 });
    expect(pairs).toBeGreaterThan(748);
  });

  test('with a copy twice as slow are rolled back after a few, since both answers are of the same length', () => {
    const analysis = new PairAnalysis({ guardrails: { latency: { margin: 0.2 } }, alpha: 0.01, weight: 0.01 });
    const random = seededRandom(4);
    let pairs = 0;
    for (; analysis.verdict !== 'fail'; pairs++) {
      const length = 100 + 5_000 * random() ** 3;
      analysis.observe({ latency: 2 * length * (0.9 + 0.2 * random()) }, { latency: length * (0.9 + 0.2 * random()) });
    }
    expect(pairs).toBeLessThan(15);
  });

  test('say beforehand how many they will be', () => {
    const bet = createPairBet('noWorse', 0.1);
    const rates = { stableRate: 0.01, canaryRate: 0.01 };
    expect(pairsUntil(bet, Math.log(20), rates)).toBeGreaterThan(28);
    expect(pairsUntil(bet, Math.log(20), rates)).toBeLessThan(80);
    expect(pairsUntil(createPairBet('worse', 0), Math.log(100), rates)).toBe(Infinity);
  });
});
