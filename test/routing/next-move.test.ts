import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ranges } from '../../src/domain/call.ts';
import { layOut, normalizeWeights, weightsOf } from '../../src/routing/split.ts';
import { transfer } from '../../src/routing/transfer.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';
import { anyWeights, distance, SEED, UPSTREAMS } from './tables.ts';

describe('the table stays short', () => {
  test(`two upstreams never have more than two ranges (seed ${SEED})`, () => {
    const history = fc.array(anyWeights(['canary', 'stable']), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(history, (changes) => {
        let table: Ranges = [[1, 'stable']];
        for (const weights of changes) expect((table = transfer(table, weights)).length).toBeLessThanOrEqual(2);
      }),
      { seed: SEED, numRuns: 50 },
    );
  });

  test.each([
    [3, 10],
    [5, 30],
  ])(`%d upstreams stay below %d ranges over thousands of small changes (seed ${SEED})`, (count, limit) => {
    const random = seededRandom(SEED);
    const names = UPSTREAMS.slice(-count);
    let weights = normalizeWeights(Object.fromEntries(names.map((name) => [name, 1])));
    let table = layOut(weights, names);
    let longest = 0;
    for (let change = 0; change < 3_000; change++) {
      const walk = names.map((name) => [name, Math.max(0, (weights[name] ?? 0) + (random() - 0.5) * 0.02)] as const);
      weights = normalizeWeights(Object.fromEntries(walk));
      table = transfer(table, weights);
      longest = Math.max(longest, table.length);
    }
    expect(longest).toBeLessThan(limit);
    expect(distance(weightsOf(table), weights)).toBeLessThan(1e-12);
  });

  test('canaries raised in turn do not pile up ranges', () => {
    const canaries = ['canary', 'second', 'third', 'fourth'];
    let table: Ranges = [[1, 'stable']];
    for (let change = 1; change <= 400; change++) {
      const raised = canaries.map(
        (name, turn) => [name, Math.ceil((change - turn) / canaries.length) / 1_000] as const,
      );
      const taken = raised.reduce((sum, [, weight]) => sum + weight, 0);
      table = transfer(table, normalizeWeights({ ...Object.fromEntries(raised), stable: 1 - taken }));
    }
    expect(table.length).toBeLessThanOrEqual(2 * canaries.length + 1);
  });
});

test('a canary that joins a running split gets the range it has in a new table', () => {
  const weights = { canary: 0.1, stable: 0.9 };
  expect(transfer([[1, 'stable']], weights)).toEqual(layOut(weights, ['canary', 'stable']));
});

describe('an upstream that joins and touches no loser', () => {
  test('takes an outer end of the table, from its widest range', () => {
    const table: Ranges = [
      [0.25, 'stable'],
      [0.5, 'second'],
      [1, 'stable'],
    ];
    expect(transfer(table, { canary: 0.125, second: 0.25, stable: 0.625 })).toEqual([
      [0.25, 'stable'],
      [0.5, 'second'],
      [0.875, 'stable'],
      [1, 'canary'],
    ]);
  });

  test('otherwise takes an end at a border that the same two upstreams have elsewhere', () => {
    const table: Ranges = [
      [0.125, 'second'],
      [0.25, 'third'],
      [0.75, 'stable'],
      [0.875, 'third'],
      [1, 'second'],
    ];
    expect(transfer(table, { canary: 0.125, second: 0.25, third: 0.25, stable: 0.375 })).toEqual([
      [0.125, 'second'],
      [0.25, 'third'],
      [0.375, 'canary'],
      [0.75, 'stable'],
      [0.875, 'third'],
      [1, 'second'],
    ]);
  });

  test('otherwise takes the middle of the widest range, so that the loser keeps its neighbours', () => {
    const table: Ranges = [
      [0.125, 'second'],
      [0.875, 'stable'],
      [1, 'third'],
    ];
    expect(transfer(table, { canary: 0.25, second: 0.125, third: 0.125, stable: 0.5 })).toEqual([
      [0.125, 'second'],
      [0.375, 'stable'],
      [0.625, 'canary'],
      [0.875, 'stable'],
      [1, 'third'],
    ]);
  });
});
