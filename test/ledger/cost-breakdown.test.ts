import { TABLE_VERSION } from '../../src/pricing/price-table.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CostBreakdown, CostDimension } from '../../src/ledger/report.ts';
import type { CostEntry } from '../../src/ledger/sums.ts';
import { Ledger } from '../../src/ledger/ledger.ts';

const nowMs = Date.UTC(2026, 10, 20, 12);
const usage = { inputTokens: 10, outputTokens: 4, cachedInputTokens: 3, reasoningTokens: 0 };
const entry: CostEntry = { upstream: 'a', atMs: nowMs - 3_600_000, costUsd: 1, stableCostUsd: 3, usage };

function breakDown(by: CostDimension, entries: readonly CostEntry[]): CostBreakdown {
  const ledger = new Ledger();
  for (const each of entries) ledger.add(each);
  return ledger.breakDown({ by, nowMs, prices: TABLE_VERSION, hashKey: (key) => `#${key}` });
}

test('without attempts there are no rows, and the hourly rate is 0', () => {
  expect(breakDown('model', [])).toMatchObject({ rows: [], sinceMs: nowMs, total: { attempts: 0, costPerHour: 0 } });
});

test('names the list of public prices in use', () => {
  expect(breakDown('model', []).prices).toMatchObject({ version: expect.any(String), date: expect.any(String) });
});

describe('with more names than are kept', () => {
  const small = (count: number): CostEntry[] =>
    Array.from({ length: count }, (_, index) => ({ ...entry, model: `small-${index}`, costUsd: 0.001 }));

  test('the names that spend most have a row, however many others come and go', () => {
    const entries = [
      ...small(500),
      { ...entry, model: 'big' },
      ...small(900),
      { ...entry, model: 'big' },
      ...small(40),
    ];
    const { rows, other, total } = breakDown('model', entries);
    expect(rows[0]).toMatchObject({ name: 'big', attempts: 2, costUsd: 2 });
    expect(rows).toHaveLength(32);
    expect(other.attempts).toBe(1_442 - 2 - 31);
    expect(total.attempts).toBe(1_442);
  });

  test('the rows of several days are the most expensive names', () => {
    const day = (n: number): CostEntry[] =>
      small(32).map((one) => ({ ...one, model: `${one.model}:${n}`, atMs: n * 864e5, costUsd: n }));
    const { rows, other } = breakDown('model', [...day(1), ...day(2), ...day(3)]);
    expect(rows.map(({ costUsd }) => costUsd)).toEqual(Array<number>(32).fill(3));
    expect(other).toMatchObject({ attempts: 64, costUsd: 96 });
  });

  test('a name without a known price is ranked by its tokens', () => {
    const unpriced = {
      ...entry,
      costUsd: null,
      stableCostUsd: null,
      model: 'unknown',
      usage: { ...usage, inputTokens: 1e6 },
    };
    const { rows } = breakDown('model', [unpriced, ...small(200)]);
    expect(rows.find(({ name }) => name === 'unknown')).toMatchObject({ attempts: 1, unpriced: 1 });
  });
});

test('rows and other sum up to the total, in any order of attempts', () => {
  const name = fc.option(fc.integer({ min: 0, max: 300 }).map(String), { nil: undefined });
  const attempt = fc.record({ model: name, task: name, key: name, costUsd: fc.option(fc.nat(9)) });
  const by = fc.constantFrom<CostDimension[]>('upstream', 'model', 'task', 'key', 'day', 'month');
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 600 }), by, (attempts, what) => {
      const { rows, other, total } = breakDown(what, attempts.map((each) => ({ ...entry, ...each }))); // prettier-ignore
      for (const field of ['attempts', 'inputTokens', 'costUsd', 'unpriced', 'savingsUsd'] as const) {
        expect(rows.reduce((sum, row) => sum + row[field], other[field])).toBe(total[field]);
      }
      expect(total.attempts).toBe(attempts.length);
    }),
  );
});

test('a name that spends more than 1/32 of the total always has a row', () => {
  const spent = fc.array(fc.tuple(fc.nat(80), fc.nat(50)), { minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(spent, (attempts) => {
      const { rows } = breakDown('task', attempts.map(([task, costUsd]) => ({ ...entry, task: String(task), costUsd }))); // prettier-ignore
      const all = attempts.reduce((sum, [, costUsd]) => sum + costUsd, 0);
      const byTask = Map.groupBy(attempts, ([task]) => task);
      for (const [task, of] of byTask) {
        if (of.reduce((sum, [, costUsd]) => sum + costUsd, 0) <= all / 32) continue;
        expect(rows.map(({ name }) => name)).toContain(String(task));
      }
    }),
  );
});

describe('comma-separated values', () => {
  test('have a header, a line per row, and one for other', () => {
    const entries = Array.from({ length: 33 }, (_, index) => ({
      ...entry,
      model: `m${index}`,
      costUsd: index === 0 ? 2 : 1,
    }));
    const lines = breakDown('model', [...entries, entry])
      .toCsv()
      .split('\r\n');
    expect(lines[0]).toBe(
      'model,attempts,inputTokens,outputTokens,cachedInputTokens,costUsd,costPerHour,stableCostUsd,savingsUsd,unpriced,incomplete',
    );
    expect(lines[1]).toBe('m0,1,10,4,3,2,2,3,1,0,0');
    expect(lines).toContain('(none),1,10,4,3,1,1,3,2,0,0');
    expect(lines.at(-2)).toMatch(/^\(other\),1,/);
    expect(lines.at(-1)).toBe('');
  });

  test.each([
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['=HYPERLINK("https://evil.test")', `"'=HYPERLINK(""https://evil.test"")"`],
    ['@sum', "'@sum"],
  ])('quote %j as text', (model, cell) => {
    expect(breakDown('model', [{ ...entry, model }]).toCsv()).toContain(`\r\n${cell},1,`);
  });
});

test('JSON contains everything but the methods', () => {
  const costs = breakDown('key', [{ ...entry, key: 'k' }]);
  const { toCsv: _, ...data } = costs;
  expect(JSON.parse(JSON.stringify(costs))).toEqual(data);
  expect(costs.rows[0]?.name).toBe('#k');
});
