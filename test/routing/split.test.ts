import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ranges } from '../../src/domain/call.ts';
import { createBucketer } from '../../src/routing/bucket.ts';
import { chooseUpstream, layOut, normalizeWeights, redistribute, weightsOf } from '../../src/routing/split.ts';
import { anyNumber, anyWeights, chiSquare, CRITICAL_CHI_SQUARE, SEED, sequentialKeys, UPSTREAMS } from './tables.ts';

describe('normalizeWeights', () => {
  test('percentages and fractions give the same table to the last bit', () => {
    const percentages = normalizeWeights({ a: 85, b: 10, c: 5 });
    expect(percentages).toStrictEqual({ a: 0.85, b: 0.1, c: 0.05 });
    expect(normalizeWeights({ a: 0.85, b: 0.1, c: 0.05 })).toStrictEqual(percentages);
  });

  test(`splits into hundredths, thousandths and ten-thousandths do so too (seed ${SEED})`, () => {
    const cuts = fc.array(anyNumber(0, 1), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(cuts, fc.constantFrom(100, 1_000, 10_000), (points, whole) => {
        const sorted = [...points.map((point) => Math.round(point * whole)), whole].toSorted(
          (one, other) => one - other,
        );
        const parts = sorted.map((end, index) => end - (sorted[index - 1] ?? 0));
        const named = (weights: readonly number[]) =>
          Object.fromEntries(weights.map((weight, index) => [index, weight]));
        const shares = normalizeWeights(named(parts.map((part) => part / whole)));
        expect(normalizeWeights(named(parts))).toStrictEqual(shares);
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });

  test(`shares are in proportion and sum to 1 (seed ${SEED})`, () => {
    const weight = fc.oneof(fc.constant(0), fc.double({ min: 1e-9, max: 1e9, noNaN: true }));
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
        fc.array(weight, { maxLength: 6 }),
        (first, rest) => {
          const weights = [first, ...rest];
          const shares = Object.values(normalizeWeights(Object.fromEntries(weights.entries())));
          const sum = weights.reduce((total, each) => total + each, 0);
          expect(Math.abs(shares.reduce((total, share) => total + share, 0) - 1)).toBeLessThan(1e-13);
          shares.forEach((share, index) => expect(Math.abs(share - weights[index]! / sum)).toBeLessThan(1e-14));
        },
      ),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});

describe('weights at the limits of a double', () => {
  test('give a table with a range', () => {
    const { MAX_VALUE, MIN_VALUE } = Number;
    const edge = fc.constantFrom(0, 1, MIN_VALUE, 1e-320, 1e300, MAX_VALUE / 2, MAX_VALUE);
    const hasSum = (sum: number) => sum > 0 && Number.isFinite(sum);
    const weights = fc
      .array(edge, { minLength: 1, maxLength: 4 })
      .filter((all) => hasSum(all.reduce((sum, weight) => sum + weight, 0)));
    fc.assert(
      fc.property(weights, (all) => {
        const shares = normalizeWeights(Object.fromEntries(all.entries()));
        expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
        const heaviest = String(all.indexOf(Math.max(...all)));
        expect(layOut(shares, []).map(([, upstream]) => upstream)).toContain(heaviest);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});

describe('layOut', () => {
  test('ranges have the given order, without upstreams at 0', () => {
    const weights = normalizeWeights({ stable: 85, gemini: 0, deepseek: 5, qwen: 10 });
    expect(layOut(weights, ['deepseek', 'gemini', 'qwen', 'stable'])).toEqual([
      [0.05, 'deepseek'],
      [0.15, 'qwen'],
      [1, 'stable'],
    ]);
  });

  test('an upstream missing from the order still gets its share', () => {
    expect(layOut({ stable: 0.75, canary: 0.25 }, ['stable'])).toEqual([
      [0.75, 'stable'],
      [1, 'canary'],
    ]);
  });

  test('shares that round above 1 give no range beyond 1', () => {
    const weights = { canary: 0.5, second: 0.50000000000001, stable: 0.00000000000002 };
    expect(layOut(weights, ['canary', 'second', 'stable'])).toEqual([
      [0.5, 'canary'],
      [1, 'second'],
    ]);
  });

  test(`the last range ends at exactly 1, and the table returns the weights (seed ${SEED})`, () => {
    fc.assert(
      fc.property(anyWeights(UPSTREAMS), (weights) => {
        const table = layOut(weights, UPSTREAMS);
        const shares = weightsOf(table);
        expect(table.at(-1)?.[0]).toBe(1);
        for (const name of UPSTREAMS) expect(Math.abs((shares[name] ?? 0) - weights[name]!)).toBeLessThan(1e-12);
      }),
      { seed: SEED },
    );
  });
});

describe('weightsOf', () => {
  test('shares read as they were written', () => {
    const weights = { canary: 0.05, second: 0.1, stable: 0.85 };
    expect(weightsOf(layOut(weights, ['canary', 'second', 'stable']))).toStrictEqual(weights);
  });

  test('the ranges of one upstream are summed', () => {
    const table: Ranges = [
      [0.25, 'canary'],
      [0.5, 'stable'],
      [0.75, 'canary'],
      [1, 'second'],
    ];
    expect(weightsOf(table)).toStrictEqual({ canary: 0.5, stable: 0.25, second: 0.25 });
  });
});

describe('chooseUpstream', () => {
  const table: Ranges = [
    [0.25, 'a'],
    [0.5, 'b'],
    [1, 'c'],
  ];

  test.each([
    [0, 'a'],
    [0.25 - 2 ** -32, 'a'],
    [0.25, 'b'],
    [0.5 - 2 ** -32, 'b'],
    [0.5, 'c'],
    [1 - 2 ** -32, 'c'],
  ])('bucket %d belongs to the first range that ends after it: %s', (bucket, upstream) => {
    expect(chooseUpstream(table, bucket)).toBe(upstream);
  });

  test(`the lookup equals a linear search in a table of any length (seed ${SEED})`, () => {
    const bucket = anyNumber(0, 1 - 2 ** -32);
    fc.assert(
      fc.property(fc.uniqueArray(bucket, { minLength: 1, maxLength: 40 }), bucket, (points, at) => {
        const ends = [...points.filter((point) => point > 0), 1].toSorted((one, other) => one - other);
        const ranges: Ranges = ends.map((end, index) => [end, `u${index}`]);
        expect(chooseUpstream(ranges, at)).toBe(ranges.find(([end]) => at < end)?.[1]);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  test('a table without ranges throws', () => {
    expect(() => chooseUpstream([], 0.5)).toThrow('should have at least one range, got 0');
  });
});

test('a million keys are distributed in the shares of the weights', ({ annotate }) => {
  const weights = normalizeWeights({ canary: 5, second: 10, stable: 85 });
  const table = layOut(weights, ['canary', 'second', 'stable']);
  const bucket = createBucketer('canary');
  const keys = sequentialKeys(1_000_000);
  const counts: Record<string, number> = { canary: 0, second: 0, stable: 0 };
  for (const key of keys) counts[chooseUpstream(table, bucket(key))]!++;

  const expected = Object.keys(counts).map((name) => weights[name]! * keys.length);
  const statistic = chiSquare(Object.values(counts), expected);

  expect(statistic).toBeLessThan(CRITICAL_CHI_SQUARE[2]);
  return annotate(`chi-square ${statistic.toFixed(2)}, critical ${CRITICAL_CHI_SQUARE[2]}`);
});

test('another process with the same table as JSON chooses the same upstream for every key', () => {
  const table = layOut(normalizeWeights({ canary: 1, second: 2, stable: 4 }), ['canary', 'second', 'stable']);
  const keys = [...sequentialKeys(2_000), 'größe', '用户', '😀'];
  const decide = `
    import { createBucketer } from ${JSON.stringify(new URL('../../src/routing/bucket.ts', import.meta.url).href)};
    import { chooseUpstream } from ${JSON.stringify(new URL('../../src/routing/split.ts', import.meta.url).href)};
    const bucket = createBucketer('canary');
    const table = ${JSON.stringify(table)};
    console.log(JSON.stringify(${JSON.stringify(keys)}.map((key) => chooseUpstream(table, bucket(key)))));`;

  const there = execFileSync(process.execPath, ['--input-type=module', '--eval', decide], { encoding: 'utf8' });

  const bucket = createBucketer('canary');
  expect(JSON.parse(there)).toEqual(keys.map((key) => chooseUpstream(table, bucket(key))));
});

describe('redistribute', () => {
  test('the share goes to the others in proportion to their shares', () => {
    expect(redistribute({ canary: 0.2, second: 0.2, stable: 0.6 }, 'canary', 'stable')).toStrictEqual({
      canary: 0,
      second: 0.25,
      stable: 0.75,
    });
  });

  test(`the others keep their proportions (seed ${SEED})`, () => {
    fc.assert(
      fc.property(anyWeights(UPSTREAMS), (weights) => {
        const rest = 1 - weights['canary']!;
        fc.pre(rest > 0.01);
        const after = redistribute(weights, 'canary', 'stable');
        expect(after['canary']).toBe(0);
        for (const name of UPSTREAMS.slice(1))
          expect(Math.abs(after[name]! - weights[name]! / rest)).toBeLessThan(1e-12);
      }),
      { seed: SEED },
    );
  });

  test('stable gets everything if the others have no share', () => {
    expect(redistribute({ canary: 1, second: 0, stable: 0 }, 'canary', 'stable')).toStrictEqual({
      canary: 0,
      second: 0,
      stable: 1,
    });
  });

  test('stable gets everything even if the weights do not name it', () => {
    expect(redistribute({ canary: 1 }, 'canary', 'stable')).toStrictEqual({ canary: 0, stable: 1 });
  });

  test('stable alone keeps its share', () => {
    expect(redistribute({ canary: 0, stable: 1 }, 'stable', 'stable')).toStrictEqual({ canary: 0, stable: 1 });
  });

  test('an upstream without a share changes nothing', () => {
    const weights = { canary: 0, second: 0.3, stable: 0.7 };
    expect(redistribute(weights, 'canary', 'stable')).toStrictEqual(weights);
  });
});
