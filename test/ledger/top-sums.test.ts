import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CostEntry, TopSums } from '../../src/ledger/sums.ts';

const entry = (costUsd: number): CostEntry => ({
  upstream: 'openai',
  atMs: 0,
  costUsd,
  stableCostUsd: costUsd,
  usage: undefined,
});

const CAPACITY = 8;
const spendings = fc.array(fc.record({ name: fc.integer({ min: 0, max: 40 }).map(String), costUsd: fc.nat(100) }), {
  maxLength: 400,
});

function totalOf(sums: TopSums): number {
  return sums.named.reduce((total, { sum }) => total + sum.costUsd, sums.other.costUsd + sums.unnamed.costUsd);
}

test('the total is exact, and at most `capacity` names are kept', () => {
  fc.assert(
    fc.property(spendings, (spent) => {
      const sums = new TopSums(CAPACITY);
      for (const { name, costUsd } of spent) sums.add(name, entry(costUsd));
      expect(totalOf(sums)).toBe(spent.reduce((total, { costUsd }) => total + costUsd, 0));
      expect(sums.named.length).toBeLessThanOrEqual(CAPACITY);
      expect(new Set(sums.named.map(({ name }) => name)).size).toBe(sums.named.length);
    }),
  );
});

test('with capacity 8, a name that spent more than 1/8 of the total is kept', () => {
  fc.assert(
    fc.property(spendings, (spent) => {
      const sums = new TopSums(CAPACITY);
      const byName = new Map<string, number>();
      for (const { name, costUsd } of spent) {
        sums.add(name, entry(costUsd));
        byName.set(name, (byName.get(name) ?? 0) + costUsd);
      }
      const kept = new Set(sums.named.map(({ name }) => name));
      const large = [...byName].filter(([, costUsd]) => costUsd > totalOf(sums) / CAPACITY);
      for (const [name] of large) expect(kept).toContain(name);
    }),
  );
});

test('a new name replaces the one that spent least', () => {
  const sums = new TopSums(3);
  for (const [name, costUsd] of [
    ['a', 5],
    ['b', 3],
    ['c', 9],
    ['d', 1],
  ] as const)
    sums.add(name, entry(costUsd));
  expect(sums.named.map(({ name }) => name).toSorted()).toEqual(['a', 'c', 'd']);
  expect(sums.other.costUsd).toBe(3);
});
