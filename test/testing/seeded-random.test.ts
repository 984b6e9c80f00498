import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lognormal, seededRandom } from '../../src/testing/seeded-random.ts';

test('the same seed gives the same numbers', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const [one, other] = [seededRandom(seed), seededRandom(seed)];
      for (let draw = 0; draw < 20; draw++) expect(one()).toBe(other());
    }),
  );
});

test('gives the numbers of the published mulberry32 for seed 1', () => {
  const random = seededRandom(1);
  expect([random(), random(), random()].map((value) => Math.round(value * 2 ** 32))).toEqual([
    2_693_262_067, 11_749_833, 2_265_367_787,
  ]);
});

test('numbers are in [0, 1) and fill ten equal bins evenly', () => {
  const random = seededRandom(42);
  const bins = Array.from({ length: 10 }, () => 0);
  for (let draw = 0; draw < 10_000; draw++) {
    const bin = Math.floor(random() * 10);
    bins[bin] = (bins[bin] ?? Number.NaN) + 1;
  }
  expect(bins).toHaveLength(10);
  // χ² with 9 degrees of freedom stays below 27.9 in 999 of 1,000 cases.
  expect(bins.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0)).toBeLessThan(27.9);
});

test('half of the lognormal draws lie below the median, and 84.1 % below one sigma', () => {
  const random = seededRandom(7);
  const draws = Array.from({ length: 20_000 }, () => lognormal(500, 0.5, random));
  const share = (bound: number) => draws.filter((draw) => draw < bound).length / draws.length;
  expect(share(500)).toBeCloseTo(0.5, 1.5);
  expect(share(500 * Math.exp(0.5))).toBeCloseTo(0.841, 1.5);
  expect(draws.every((draw) => draw > 0 && Number.isFinite(draw))).toBe(true);
});
