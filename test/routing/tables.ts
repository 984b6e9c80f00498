/** Shared by the tests of the split: random keys, texts and weights, and comparison of tables. */

import fc from 'fast-check';
import type { Ranges, Weights } from '../../src/domain/call.ts';
import { normalizeWeights } from '../../src/routing/split.ts';

/** The seed of every random test here; the test names state it. */
export const SEED = 20_261_120;

export const UPSTREAMS = ['canary', 'second', 'third', 'fourth', 'stable'] as const;

/** Sequential ids as applications use them: the hardest input for a hash. */
export function sequentialKeys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `user-${index}`);
}

/** The pieces that move between two tables: `[from, to, width]`, without the unchanged ones. */
export function flows(before: Ranges, after: Ranges): [from: string, to: string, width: number][] {
  const ends = [...new Set([...before, ...after].map(([end]) => end))].toSorted((one, other) => one - other);
  return ends.flatMap((end, index) => {
    const start = ends[index - 1] ?? 0;
    const [from, to] = [ownerOf(before, start), ownerOf(after, start)];
    return from === to ? [] : [[from, to, end - start] as [string, string, number]];
  });
}

export function movedWidth(before: Ranges, after: Ranges): number {
  return flows(before, after).reduce((sum, [, , width]) => sum + width, 0);
}

/** Total variation distance: half the sum of the differences, which equals the sum of the gains. */
export function distance(before: Weights, after: Weights): number {
  const upstreams = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...upstreams].reduce((sum, name) => sum + Math.abs((after[name] ?? 0) - (before[name] ?? 0)), 0) / 2;
}

/** Uniform over [min, max], unlike `fc.double`, where most values lie close to 0. */
export function anyNumber(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 2 ** 31 - 1 }).map((step) => min + ((max - min) * step) / (2 ** 31 - 1));
}

/** Texts with characters of every UTF-8 length, and lone surrogates. */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  const ascii = fc.integer({ min: 0, max: 0x7f });
  const codeUnit = fc.integer({ min: 0, max: 0xffff });
  const wide = fc.integer({ min: 0x10000, max: 0x10ffff });
  return fc
    .array(fc.oneof(ascii, codeUnit, wide), { maxLength })
    .map((codePoints) => codePoints.map((codePoint) => String.fromCodePoint(codePoint)).join(''));
}

/** Weights of `upstreams` as a user may write them, some of them 0. */
export function anyWeights(upstreams: readonly string[]): fc.Arbitrary<Weights> {
  const weight = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 100 }), anyNumber(0, 1));
  return fc
    .array(weight, { minLength: upstreams.length, maxLength: upstreams.length })
    .filter((weights) => weights.some((each) => each > 1e-6))
    .map((weights) =>
      normalizeWeights(Object.fromEntries(upstreams.map((name, index) => [name, weights[index] ?? 0]))),
    );
}

/** A sequence of weights for three to five upstreams; the first ones belong to the new table. */
export function anyHistory(): fc.Arbitrary<readonly Weights[]> {
  return fc
    .integer({ min: 3, max: UPSTREAMS.length })
    .chain((count) => fc.array(anyWeights(UPSTREAMS.slice(-count)), { minLength: 2, maxLength: 25 }));
}

/** Pearson's statistic of counts against expected counts. */
export function chiSquare(counts: readonly number[], expected: readonly number[]): number {
  return counts.reduce((sum, count, index) => sum + (count - expected[index]!) ** 2 / expected[index]!, 0);
}

/**
 * The value that Pearson's statistic exceeds by chance once in a thousand times, by degrees of freedom (NIST,
 * e-Handbook, 1.3.6.7.4).
 */
export const CRITICAL_CHI_SQUARE: Readonly<Record<1 | 2 | 99, number>> = { 1: 10.828, 2: 13.816, 99: 148.23 };

/** Reads a table without the code under test. */
function ownerOf(table: Ranges, position: number): string {
  const range = table.find(([end]) => position < end);
  if (range === undefined) throw new Error(`No range holds ${position}`);
  return range[1];
}
