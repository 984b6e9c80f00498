import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlidingHistogram } from '../../src/metrics/histogram.ts';
import { SLICES } from '../../src/metrics/sliding-window.ts';
import { exactQuantile } from './exact-quantile.ts';

const HOUR_MS = 3_600_000;
/** Half a bucket at its lower end, and the rounding to float32. */
const LARGEST_ERROR = 1 / 64 + 2 ** -23;

const latencyMs = fc
  .double({ min: Math.log(0.1), max: Math.log(HOUR_MS), noNaN: true })
  .map((logarithm) => Math.exp(logarithm));

function histogramOf(valuesMs: readonly number[]): SlidingHistogram {
  const histogram = new SlidingHistogram();
  for (const valueMs of valuesMs) histogram.record(0, valueMs);
  return histogram;
}

function relativeError(actual: number | null, exact: number | null): number {
  return Math.abs((actual ?? NaN) - (exact ?? NaN)) / (exact ?? NaN);
}

describe('between 0.1 ms and an hour', () => {
  test('every quantile is within 1/64 of the exact one', () => {
    fc.assert(
      fc.property(fc.array(latencyMs, { minLength: 1, maxLength: 300 }), (valuesMs) => {
        const { count, p50, p95, p99 } = histogramOf(valuesMs).quantiles();
        expect(count).toBe(valuesMs.length);
        expect(relativeError(p50, exactQuantile(valuesMs, 50))).toBeLessThanOrEqual(LARGEST_ERROR);
        expect(relativeError(p95, exactQuantile(valuesMs, 95))).toBeLessThanOrEqual(LARGEST_ERROR);
        expect(relativeError(p99, exactQuantile(valuesMs, 99))).toBeLessThanOrEqual(LARGEST_ERROR);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('every value is read back within 1/64, on a grid finer than the buckets', () => {
    const errors: number[] = [];
    for (let valueMs = 0.1; valueMs < HOUR_MS; valueMs *= 1.003) {
      errors.push(relativeError(histogramOf([valueMs]).quantiles().p50, valueMs));
    }
    expect(Math.max(...errors)).toBeLessThanOrEqual(LARGEST_ERROR);
    expect(Math.max(...errors)).toBeGreaterThan(0.01);
  });

  test.each([0.1, 1, 2 ** 10, 2 ** 10 - 1e-9, HOUR_MS])('the boundary %d ms is within 1/64 too', (valueMs) => {
    expect(relativeError(histogramOf([valueMs]).quantiles().p99, valueMs)).toBeLessThanOrEqual(LARGEST_ERROR);
  });
});

describe('outside this range', () => {
  test('values below 1/16 ms are read back as 0', () => {
    expect(histogramOf([0, 1e-300, 0.0624]).quantiles()).toEqual({ count: 3, p50: 0, p95: 0, p99: 0 });
  });

  test('a negative latency (the clock was set back) is read back as 0', () => {
    expect(histogramOf([-5]).quantiles().p50).toBe(0);
  });

  test('a value below the range sorts below the others', () => {
    const { p50, p95 } = histogramOf([0, 0, 500]).quantiles();
    expect(p50).toBe(0);
    expect(relativeError(p95, 500)).toBeLessThanOrEqual(LARGEST_ERROR);
  });

  test.each([HOUR_MS * 2, 1e300, Infinity])('%d ms is read back as an hour', (valueMs) => {
    expect(relativeError(histogramOf([valueMs]).quantiles().p50, HOUR_MS)).toBeLessThanOrEqual(LARGEST_ERROR);
  });

  test('NaN is not counted', () => {
    expect(histogramOf([NaN]).quantiles().count).toBe(0);
  });
});

test('without samples there are no quantiles', () => {
  expect(new SlidingHistogram().quantiles()).toEqual({ count: 0, p50: null, p95: null, p99: null });
});

test('the rank of a quantile is exact: p99 of 700 values is the 693rd', () => {
  const histogram = histogramOf(Array.from({ length: 700 }, (_, index) => (index < 693 ? 10 : 1_000)));
  expect(histogram.quantiles().p99).toBeLessThan(20);
});

test('after slices expire, the quantiles equal those without their values', () => {
  const records = fc.array(fc.tuple(fc.nat({ max: SLICES - 1 }), latencyMs), { maxLength: 200 });
  const expired = fc.uniqueArray(fc.nat({ max: SLICES - 1 }), { maxLength: SLICES });
  fc.assert(
    fc.property(records, expired, (all, slices) => {
      const histogram = new SlidingHistogram();
      for (const [slice, valueMs] of all) histogram.record(slice, valueMs);
      for (const slice of slices) histogram.expire(slice);

      const left = all.filter(([slice]) => !slices.includes(slice)).map(([, valueMs]) => valueMs);
      expect(histogram.quantiles()).toEqual(histogramOf(left).quantiles());
    }),
    { seed: 2 },
  );
});

test('an expired slice can be filled and expire again', () => {
  const histogram = histogramOf([10]);
  histogram.expire(0);
  histogram.record(0, 1_000);
  expect(relativeError(histogram.quantiles().p50, 1_000)).toBeLessThanOrEqual(LARGEST_ERROR);
  histogram.expire(0);
  expect(histogram.quantiles().count).toBe(0);
});
