import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CostReport, CostTotals } from '../../src/ledger/report.ts';
import type { CostEntry } from '../../src/ledger/sums.ts';
import { Ledger } from '../../src/ledger/ledger.ts';

const nowMs = Date.UTC(2026, 10, 20, 12);
const usage = { inputTokens: 10, outputTokens: 4, cachedInputTokens: 3, reasoningTokens: 0 };
const entry: CostEntry = { upstream: 'a', atMs: nowMs, costUsd: 1, stableCostUsd: 3, usage };

function reportOf(entries: readonly CostEntry[], sinceMs?: number, maxDays?: number): CostReport {
  const ledger = new Ledger({ maxDays });
  for (const each of entries) ledger.add(each);
  return ledger.report({ sinceMs, nowMs });
}

test('sums tokens, costs and savings over attempts', () => {
  expect(reportOf([entry, { ...entry, costUsd: 4 }]).total).toEqual({
    attempts: 2,
    inputTokens: 20,
    outputTokens: 8,
    cachedInputTokens: 6,
    costUsd: 5,
    unpriced: 0,
    incomplete: 0,
    stableCostUsd: 6,
    savingsUsd: 1,
  });
});

test('counts an attempt without a known price as unpriced', () => {
  const { total } = reportOf([{ ...entry, costUsd: null }]);
  expect(total).toMatchObject({ attempts: 1, inputTokens: 10, costUsd: 0, unpriced: 1, savingsUsd: 0 });
});

test('an attempt without usage is not unpriced, since nothing may have been billed', () => {
  expect(reportOf([{ ...entry, usage: undefined, costUsd: null }]).total).toMatchObject({ attempts: 1, unpriced: 0 });
});

test('savings are 0 if the price on stable is unknown', () => {
  expect(reportOf([{ ...entry, stableCostUsd: null }]).total.savingsUsd).toBe(0);
});

test('an empty report has zeros and no periods', () => {
  const { total, ...rest } = reportOf([]);
  expect(total.attempts).toBe(0);
  const estimates = { attempts: 0, estimateUsd: 0, costUsd: 0, driftPercent: null, upstreams: {} };
  expect(rest).toEqual({ sinceMs: 0, atMs: nowMs, upstreams: {}, estimates, days: [], months: [] });
});

describe('days and months', () => {
  const report = reportOf([
    { ...entry, atMs: Date.UTC(2026, 10, 1), upstream: 'b' },
    { ...entry, atMs: Date.UTC(2026, 9, 31, 23, 59, 59, 999) },
    { ...entry, atMs: Date.UTC(2026, 10, 2) },
    { ...entry, atMs: Date.UTC(2026, 10, 2), upstream: 'b' },
  ]);
  const attempts = (periods: CostReport['days']) => periods.map((each) => [each.period, each.attempts]);

  test('begin at midnight UTC, in order of time', () => {
    expect(attempts(report.days)).toEqual([
      ['2026-10-31', 1],
      ['2026-11-01', 1],
      ['2026-11-02', 2],
    ]);
    expect(attempts(report.months)).toEqual([
      ['2026-10', 1],
      ['2026-11', 3],
    ]);
  });

  test('are split by upstream', () => {
    expect(report.months[1]?.upstreams).toMatchObject({ a: { attempts: 1 }, b: { attempts: 2 } });
    expect(report.upstreams).toMatchObject({ a: { attempts: 2 }, b: { attempts: 2 } });
  });
});

test('a report begins with the whole UTC day that contains `since`', () => {
  const entries = [9, 10, 11].map((day) => ({ ...entry, atMs: Date.UTC(2026, 10, day, 6) }));
  const { days, total } = reportOf(entries, Date.UTC(2026, 10, 10, 18));
  expect(days.map(({ period }) => period)).toEqual(['2026-11-10', '2026-11-11']);
  expect(total.attempts).toBe(2);
});

test('drops the oldest day beyond maxDays', () => {
  const entries = [12, 10, 11, 13].map((day) => ({ ...entry, atMs: Date.UTC(2026, 10, day) }));
  expect(reportOf(entries, undefined, 3).days.map(({ period }) => period)).toEqual([
    '2026-11-11',
    '2026-11-12',
    '2026-11-13',
  ]);
});

test('keeps 400 days by default', () => {
  const entries = Array.from({ length: 450 }, (_, day) => ({ ...entry, atMs: day * 86_400_000 }));
  expect(reportOf(entries).total.attempts).toBe(400);
});

test('later attempts do not change a report', () => {
  const ledger = new Ledger();
  ledger.add(entry);
  const before = ledger.report({ nowMs });
  const copy = structuredClone(before);
  ledger.add(entry);
  expect(before).toEqual(copy);
  expect(ledger.report({ nowMs }).total.attempts).toBe(2);
});

test('accepts any name of an upstream', () => {
  expect(Object.keys(reportOf([{ ...entry, upstream: '__proto__' }]).upstreams)).toEqual(['__proto__']);
});

test('upstreams, days and months each sum up to the total', () => {
  const entries = fc.array(
    fc.record({
      upstream: fc.constantFrom('a', 'b', 'c'),
      atMs: fc.integer({ min: Date.UTC(2026, 0), max: nowMs }),
      costUsd: fc.option(fc.nat(1_000)),
      stableCostUsd: fc.option(fc.nat(1_000)),
      usage: fc.option(fc.constant(usage), { nil: undefined }),
    }),
  );
  const sum = (parts: readonly CostTotals[], field: keyof CostTotals) =>
    parts.reduce((total, part) => total + part[field], 0);
  fc.assert(
    fc.property(entries, (added) => {
      const { total, upstreams, days, months } = reportOf(added);
      for (const field of Object.keys(total) as (keyof CostTotals)[]) {
        for (const parts of [Object.values(upstreams), days, months]) expect(sum(parts, field)).toBe(total[field]);
      }
      expect(total.attempts).toBe(added.length);
    }),
  );
});
