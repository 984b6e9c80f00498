/** The results of `npm run simulate`, on fewer runs with fixed seeds. */

import { describe, expect, test } from 'vitest';
import { meanOf, medianOf } from '../../bench/decisions/case.ts';
import {
  delayOf,
  falsePromotion,
  falseRollbacks,
  heavyTenants,
  latencyDelay,
} from '../../bench/decisions/scenarios.ts';
import { byPairs, failures, latencies, pairsUntilDecided } from '../../bench/decisions/pairs.ts';
import { stagedByEvidence, stagedByThreshold } from '../../bench/decisions/staged.ts';

const runs = <R>(count: number, run: (seed: number) => R): readonly R[] =>
  Array.from({ length: count }, (_, seed) => run(seed));

/** The least mean delay until a detection, in canary calls at α = 0.01: ln(1/α) over the Kullback–Leibler divergence. */
const boundOf = (p: number, q: number): number =>
  Math.log(100) / (p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q)));

describe('a canary as good as stable', () => {
  test('is not rolled back, while a 1 % threshold and three strikes roll back every time', () => {
    const moment = { weight: 0.25, stableRate: 0.02, canaryRate: 0.02 };
    const [ours, above1, , , threeStrikes] = columnsOf(runs(30, (seed) => falseRollbacks(seed, 100_000, () => moment)));
    expect([ours, above1, threeStrikes]).toEqual([0, 1, 1]);
  });

  test('is not rolled back by an incident on both sides, except with the false rollback rate of 1 %', () => {
    const usual = { weight: 0.05, stableRate: 0.01, canaryRate: 0.01 };
    const incident = { weight: 0.05, stableRate: 0.2, canaryRate: 0.2 };
    const [ours, , above5] = columnsOf(
      runs(30, (seed) => falseRollbacks(seed, 90_000, (call) => (call > 20_000 && call < 60_000 ? incident : usual))),
    );
    expect(ours).toBeLessThanOrEqual(1 / 30);
    expect(above5).toBe(1);
  });

  test('is not rolled back because of heavy tenants if the realised share is used', () => {
    const [byRealised, byNominal] = columnsOf(runs(30, (seed) => heavyTenants(seed, 60_000)));
    expect(byRealised).toBe(0);
    expect(byNominal).toBeGreaterThan(0);
  });

  test('is not rolled back if restarts reset the realised share every 500 calls', () => {
    const [byRealised] = columnsOf(runs(60, (seed) => heavyTenants(seed, 30_000, 500)));
    expect(byRealised).toBeLessThanOrEqual(1 / 60);
  });

  test('gets all calls in about five minutes', () => {
    const ends = runs(30, (seed) => stagedByEvidence(seed, 0.01, 0.01));
    expect(ends.filter(({ promoted }) => promoted)).toHaveLength(30);
    expect(medianOf(ends.map(({ afterS }) => afterS))).toBeLessThan(300);
  });
});

describe('copies', () => {
  const medians = (judged: Parameters<typeof pairsUntilDecided>[1]): readonly number[] => {
    const results = runs(40, (seed) => pairsUntilDecided(seed, judged, 20_000));
    return [0, 1].map((column) => medianOf(results.map((result) => result[column]!)));
  };

  test('take far fewer than unpaired calls where both sides have causes in common', () => {
    const [pairs, single] = medians({
      metric: 'latency',
      margin: 0,
      direction: 'worse',
      alpha: 0.01,
      source: latencies(1.5),
    });
    expect(pairs).toBeLessThanOrEqual(22);
    expect(single! / pairs!).toBeGreaterThan(3);
    const [proof, singleProof] = medians({
      metric: 'errorRate',
      margin: 0.04,
      direction: 'noWorse',
      alpha: 0.05,
      source: failures(0.05, 0.01, 0.01),
    });
    expect(proof).toBeLessThanOrEqual(200);
    expect(singleProof! / proof!).toBeGreaterThan(3);
  });

  test('of a healthy canary roll it back in at most about 1 %', () => {
    const judged = { metric: 'errorRate', margin: 0, direction: 'worse', alpha: 0.01 } as const;
    const ends = runs(200, (seed) => byPairs(seed, { ...judged, source: failures(0.05, 0.02, 0.02) }, 5_000));
    expect(ends.filter(Number.isFinite).length).toBeLessThanOrEqual(4);
  });
});

describe('a canary that is worse', () => {
  test.each([
    [0.01, 3, 1.4],
    [0.01, 10, 1.4],
    [0.05, 5, 1.4],
  ])('at %d errors × %d is caught within %d times the bound', (rate, factor, limit) => {
    const given = { weight: 0.05, stableRate: rate, canaryRate: rate * factor };
    const delays = runs(120, (seed) => delayOf(seed, given) / boundOf(rate * factor, rate));
    expect(medianOf(delays)).toBeLessThan(limit);
    expect(meanOf(delays)).toBeLessThan(1.7);
  });

  test('is caught after 5,000 good calls too', () => {
    const given = { weight: 0.2, stableRate: 0.01, canaryRate: 0.1, goodCalls: 5_000 };
    expect(medianOf(runs(30, (seed) => delayOf(seed, given) / boundOf(0.1, 0.01)))).toBeLessThan(6);
  });

  test('and always fails is caught in three calls', () => {
    const given = { weight: 0.05, stableRate: 0.01, canaryRate: 1 };
    expect(medianOf(runs(50, (seed) => delayOf(seed, given)))).toBeLessThanOrEqual(3);
  });

  test('in latency is caught within twice the bound', () => {
    const bound = Math.log(100) / ((Math.log(1.5) / 0.6) ** 2 / 2);
    expect(medianOf(runs(60, (seed) => latencyDelay(seed, 1.5, 0.6, 0.05)))).toBeLessThan(2 * bound);
  });

  test('by the margin is promoted in at most 5 % of runs', () => {
    const moment = { weight: 0.25, stableRate: 0.01, canaryRate: 0.05 };
    expect(meanOf(runs(400, (seed) => falsePromotion(seed, moment, 600)))).toBeLessThan(0.05 + 0.022);
  });

  test('by twice the errors is never promoted, while a 5 % threshold mostly promotes it', () => {
    const ends = runs(25, (seed) => stagedByEvidence(seed, 0.01, 0.02));
    expect(ends.filter(({ promoted }) => promoted)).toEqual([]);
    expect(meanOf(ends.map(({ excessFailures }) => excessFailures))).toBeLessThan(30);
    const others = runs(8, (seed) => stagedByThreshold(seed, 0.01, 0.02, 0.05));
    expect(others.filter(({ promoted }) => promoted).length).toBeGreaterThan(4);
  });
});

/** The mean of each column. */
function columnsOf(results: readonly (readonly number[])[]): readonly number[] {
  return results[0]!.map((_, column) => meanOf(results.map((result) => result[column]!)));
}
