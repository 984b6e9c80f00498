import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ranges, Weights } from '../../src/domain/call.ts';
import { createBucketer } from '../../src/routing/bucket.ts';
import { chooseUpstream, layOut, normalizeWeights, redistribute, weightsOf } from '../../src/routing/split.ts';
import { transfer } from '../../src/routing/transfer.ts';
import { anyHistory, anyNumber, distance, flows, movedWidth, SEED, sequentialKeys, UPSTREAMS } from './tables.ts';

const TOLERANCE = 1e-12;

describe(`over any sequence of weights for three to five upstreams (seed ${SEED})`, () => {
  test('the share of moved keys is the total variation distance of the weights', () => {
    forEveryChange(({ before, after, from, to }) => {
      expect(Math.abs(movedWidth(before, after) - distance(from, to))).toBeLessThan(TOLERANCE);
    });
  });

  test('keys move only from upstreams that lose to upstreams that gain', () => {
    forEveryChange(({ before, after, from, to }) => {
      for (const [loser, gainer, width] of flows(before, after)) {
        if (width < TOLERANCE) continue;
        expect(to[loser]!).toBeLessThan(from[loser]!);
        expect(to[gainer]!).toBeGreaterThan(from[gainer]!);
      }
    });
  });

  test('the table has the new weights, and no range for an upstream at 0', () => {
    forEveryChange(({ after, to }) => {
      const shares = weightsOf(after);
      for (const name of Object.keys(to)) {
        expect(Math.abs((shares[name] ?? 0) - to[name]!)).toBeLessThan(TOLERANCE);
      }
      expect(after.filter(([, upstream]) => to[upstream] === 0)).toEqual([]);
    });
  });

  test('ranges ascend to exactly 1, and no two neighbours have the same upstream', () => {
    forEveryChange(({ after }) => {
      expect(after.at(-1)?.[0]).toBe(1);
      after.forEach(([end, upstream], index) => {
        expect(end).toBeGreaterThan(after[index - 1]?.[0] ?? 0);
        expect(upstream).not.toBe(after[index + 1]?.[1]);
      });
    });
  });

  test('a table and weights restored from JSON lead to the same table', () => {
    forEveryChange(({ before, after, to }) => {
      expect(transfer(asJson(before), asJson(to))).toEqual(after);
    });
  });

  test('the order of the upstreams in the weights does not matter', () => {
    forEveryChange(({ before, after, to }) => {
      expect(transfer(before, Object.fromEntries(Object.entries(to).toReversed()))).toEqual(after);
    });
  });

  test('the same weights again change nothing', () => {
    forEveryChange(({ after, to }) => {
      expect(transfer(after, to)).toEqual(after);
    });
  });
});

test('counted on keys, the moved share is the total variation distance within sampling error', ({ annotate }) => {
  const from = { canary: 0.1, second: 0.3, third: 0.2, stable: 0.4 };
  const to = { canary: 0.25, second: 0.1, third: 0.3, stable: 0.35 };
  const before = layOut(from, Object.keys(from));
  const after = transfer(before, to);
  const bucket = createBucketer('canary');
  const keys = sequentialKeys(200_000);

  const moved = keys.filter((key) => chooseUpstream(before, bucket(key)) !== chooseUpstream(after, bucket(key)));

  const expected = keys.length * distance(from, to);
  const deviations = (moved.length - expected) / Math.sqrt(expected * (1 - distance(from, to)));
  expect(Math.abs(deviations)).toBeLessThan(3.29);
  return annotate(`${moved.length} of ${expected} expected: ${deviations.toFixed(2)} deviations, critical 3.29`);
});

describe(`one weight changes, the others shrink in proportion (seed ${SEED})`, () => {
  test('raising it moves keys into it and between no two others', () => {
    forEveryRaise(({ low, high }) => {
      expect(new Set(flows(low, high).map(([, to]) => to))).toEqual(new Set(['canary']));
    });
  });

  test('lowering it gives keys back and moves them between no two others', () => {
    forEveryRaise(({ high, lowWeights }) => {
      const lowered = flows(high, transfer(high, lowWeights));
      expect(new Set(lowered.map(([from]) => from))).toEqual(new Set(['canary']));
    });
  });

  test('a key keeps its canary while the canary grows', () => {
    const bucket = createBucketer('canary');
    const keys = sequentialKeys(5_000);
    let table = layOut(withCanary({ second: 0.2, third: 0.3, stable: 0.5 }, 0), UPSTREAMS);
    let served = new Set<string>();
    for (const share of [0.01, 0.05, 0.25, 0.5, 1]) {
      table = transfer(table, withCanary({ second: 0.2, third: 0.3, stable: 0.5 }, share));
      const now = new Set(keys.filter((key) => chooseUpstream(table, bucket(key)) === 'canary'));
      expect([...served].filter((key) => !now.has(key))).toEqual([]);
      expect(now.size).toBeGreaterThan(served.size);
      served = now;
    }
  });
});

test(`a canary that is rolled back returns every key to the upstream it came from (seed ${SEED})`, () => {
  const raises = fc.array(anyNumber(0.01, 0.6), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(someOthers(), raises, (weights, shares) => {
      const fresh = layOut(withCanary(weights, 0), UPSTREAMS);
      let table = fresh;
      let share = 0;
      for (const raise of shares) table = transfer(table, withCanary(weights, (share += (1 - share) * raise)));

      const back = transfer(table, redistribute(weightsOf(table), 'canary', 'stable'));

      expect(movedWidth(fresh, back)).toBeLessThan(TOLERANCE);
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test(`with up to half of all keys, a canary lowered in steps has the keys it had on the way up (seed ${SEED})`, () => {
  const steps = fc.array(anyNumber(0, 0.5), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(someOthers(), steps, (others, shares) => {
      const rising = [0, ...shares.toSorted((one, other) => one - other)].map((share) => withCanary(others, share));
      const fresh = layOut(rising[0]!, UPSTREAMS);
      const up: Ranges[] = [];
      for (const weights of rising) up.push(transfer(up.at(-1) ?? fresh, weights));

      let down = up.at(-1)!;
      for (const [step, weights] of [...rising.entries()].toReversed()) {
        down = transfer(down, weights);
        expect(movedWidth(up[step]!, down)).toBeLessThan(TOLERANCE);
      }
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test('an upstream missing from the new weights loses all its keys', () => {
  expect(transfer(layOut({ canary: 0.1, stable: 0.9 }, ['canary', 'stable']), { stable: 1 })).toEqual([[1, 'stable']]);
});

test('a sliver below rounding is not left with an upstream at 0', () => {
  const table: Ranges = [
    [1e-15, 'canary'],
    [1, 'stable'],
  ];
  expect(transfer(table, { canary: 0, stable: 1 })).toEqual([[1, 'stable']]);
});

interface Change {
  readonly before: Ranges;
  readonly after: Ranges;
  readonly from: Weights;
  readonly to: Weights;
}

function forEveryChange(claim: (change: Change) => void): void {
  fc.assert(
    fc.property(anyHistory(), ([first, ...changes]) => {
      let from = first!;
      let before = layOut(from, Object.keys(from));
      for (const to of changes) {
        const after = transfer(before, to);
        claim({ before, after, from, to });
        [before, from] = [after, to];
      }
    }),
    { seed: SEED, numRuns: 100 },
  );
}

/** Two shares of a canary, on a table with earlier changes. */
function forEveryRaise(claim: (raise: { low: Ranges; high: Ranges; lowWeights: Weights }) => void): void {
  const share = anyNumber(0, 1);
  fc.assert(
    fc.property(anyHistory(), positiveWeights(UPSTREAMS.slice(1)), share, share, (history, others, one, other) => {
      fc.pre(Math.abs(one - other) > 1e-6);
      const lowWeights = withCanary(others, Math.min(one, other));
      const past = history.reduce(transfer, [[1, 'stable']] as Ranges);
      const low = transfer(past, lowWeights);
      claim({ low, high: transfer(low, withCanary(others, Math.max(one, other))), lowWeights });
    }),
    { seed: SEED, numRuns: 100 },
  );
}

/** Weights of stable and up to three more upstreams in addition to the canary. */
function someOthers(): fc.Arbitrary<Weights> {
  return fc.integer({ min: 1, max: UPSTREAMS.length - 1 }).chain((count) => positiveWeights(UPSTREAMS.slice(-count)));
}

function positiveWeights(names: readonly string[]): fc.Arbitrary<Weights> {
  return fc
    .array(fc.integer({ min: 5, max: 100 }), { minLength: names.length, maxLength: names.length })
    .map((weights) => normalizeWeights(Object.fromEntries(names.map((name, index) => [name, weights[index]!]))));
}

/** The canary at this share, with the others in proportion. */
function withCanary(others: Weights, share: number): Weights {
  const shrunk = Object.entries(others).map(([name, weight]) => [name, weight * (1 - share)] as const);
  return normalizeWeights({ canary: share, ...Object.fromEntries(shrunk) });
}

function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
