import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketOf, createBucketer } from '../../src/routing/bucket.ts';
import { murmur3 } from '../../src/routing/murmur3.ts';
import { anyText, chiSquare, CRITICAL_CHI_SQUARE, SEED, sequentialKeys } from './tables.ts';

test('a bucket is the hash of salt:key over 2³²', () => {
  expect(bucketOf('canary', 'user-1')).toBe(murmur3('canary:user-1') / 4_294_967_296);
});

test(`a bucketer gives the same buckets for any texts in any order (seed ${SEED})`, () => {
  fc.assert(
    fc.property(anyText(20), fc.array(anyText(20), { maxLength: 5 }), (salt, keys) => {
      expect(keys.map(createBucketer(salt))).toEqual(keys.map((key) => bucketOf(salt, key)));
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test('a bucketer supports a salt that ends in half a surrogate pair', () => {
  expect(createBucketer('a\ud83d')('\ude00b')).toBe(bucketOf('a\ud83d', '\ude00b'));
});

test('sequential ids fill a hundred equal ranges evenly', ({ annotate }) => {
  const counts = Array.from({ length: 100 }, () => 0);
  const bucket = createBucketer('canary');
  for (const key of sequentialKeys(200_000)) counts[Math.floor(bucket(key) * 100)]!++;

  const statistic = chiSquare(
    counts,
    counts.map(() => 2_000),
  );

  expect(statistic).toBeLessThan(CRITICAL_CHI_SQUARE[99]);
  return annotate(`chi-square ${statistic.toFixed(1)}, critical ${CRITICAL_CHI_SQUARE[99]}`);
});

test('buckets under two salts are independent', ({ annotate }) => {
  const [inFirst, inSecond] = [createBucketer('deepseek'), createBucketer('gemini')];
  const share = 0.2;
  const counts = [0, 0, 0, 0];
  const keys = sequentialKeys(200_000);
  for (const key of keys) counts[(inFirst(key) < share ? 1 : 0) + (inSecond(key) < share ? 2 : 0)]!++;

  const [neither, first, second, both] = counts as [number, number, number, number];
  const rows = [neither + first, second + both];
  const columns = [neither + second, first + both];
  const expected = rows.flatMap((row) => columns.map((column) => (row * column) / keys.length));
  const statistic = chiSquare(counts, expected);

  expect(statistic).toBeLessThan(CRITICAL_CHI_SQUARE[1]);
  return annotate(`chi-square ${statistic.toFixed(2)}, critical ${CRITICAL_CHI_SQUARE[1]}`);
});
