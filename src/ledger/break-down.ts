/** Divides the account by one thing. */

import type { PriceTableVersion } from '../domain/usage.ts';
import type { CostBreakdown, CostDimension, CostRate, CostRow, CostTotals } from './report.ts';
import { addSum, type CostDay, emptySum, MAX_NAMES, periodOf, startOf, type Sum, sumOf } from './sums.ts';

/** What to divide, and how. */
export interface BreakdownInput {
  /** Ascending. */
  readonly days: readonly CostDay[];
  readonly by: CostDimension;
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly prices: PriceTableVersion;
  /** What stands for a key. */
  readonly hashKey: (key: string) => string;
}

/** The least time that a pace is taken over: the first call would else cost thousands an hour. */
const LEAST_MS = 60_000;
const MS_PER_HOUR = 3_600_000;

export function breakDown(input: BreakdownInput): CostBreakdown {
  const { by, sinceMs, nowMs, prices } = input;
  const { sums, other } = by === 'day' || by === 'month' ? byPeriod(input.days, by) : byName(input.days, by);
  const rows = [...sums].map(([name, sum]) => rowOf(name, sum, input));
  const inOrder = by === 'day' || by === 'month' ? rows : rows.toSorted((a, b) => b.costUsd - a.costUsd);
  const total = addSum([...sums.values()].reduce<Sum>(addSum, emptySum()), other);
  const spanMs = nowMs - sinceMs;
  const divided = { by, rows: inOrder, other: withPace(other, spanMs) };
  return { ...divided, sinceMs, atMs: nowMs, total: withPace(total, spanMs), prices, toCsv: () => costCsv(divided) };
}

interface Divided {
  readonly sums: Map<string | null, Sum>;
  readonly other: Sum;
}

function byPeriod(days: readonly CostDay[], by: 'day' | 'month'): Divided {
  const sums = new Map<string | null, Sum>();
  for (const { day, upstream } of days) {
    const sum = sumOf(sums, periodOf(day, by));
    for (const each of upstream.values()) addSum(sum, each);
  }
  return { sums, other: emptySum() };
}

function byName(days: readonly CostDay[], by: 'upstream' | keyof typeof MAX_NAMES): Divided {
  const sums = new Map<string | null, Sum>();
  const other = emptySum();
  for (const day of days) {
    if (by === 'upstream') for (const [name, sum] of day.upstream) addSum(sumOf(sums, name), sum);
    else {
      const { named, unnamed, other: others } = day[by];
      for (const { name, sum } of named) addSum(sumOf(sums, name), sum);
      if (unnamed.attempts > 0) addSum(sumOf(sums, null), unnamed);
      addSum(other, others);
    }
  }
  if (by !== 'upstream') keepDearest(sums, MAX_NAMES[by], other);
  return { sums, other };
}

/** Each day had its own dearest: together they may be more than are kept. */
function keepDearest(sums: Map<string | null, Sum>, most: number, other: Sum): void {
  const names = [...sums].filter(([name]) => name !== null).toSorted(([, a], [, b]) => b.costUsd - a.costUsd);
  for (const [name, sum] of names.slice(most)) {
    sums.delete(name);
    addSum(other, sum);
  }
}

function rowOf(name: string | null, sum: Sum, { by, sinceMs, nowMs, hashKey }: BreakdownInput): CostRow {
  if (name === null || (by !== 'day' && by !== 'month')) {
    return { name: by === 'key' && name !== null ? hashKey(name) : name, ...withPace(sum, nowMs - sinceMs) };
  }
  const fromMs = Math.max(sinceMs, Date.parse(name));
  return { name, ...withPace(sum, Math.min(nowMs, endOf(name, by)) - fromMs) };
}

/** The end of a day or month, in ms since the Unix epoch. */
function endOf(period: string, by: 'day' | 'month'): number {
  const start = new Date(period);
  if (by === 'day') return start.getTime() + startOf(1);
  return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1);
}

function withPace(totals: CostTotals, spanMs: number): CostRate {
  return { ...totals, costPerHour: (totals.costUsd * MS_PER_HOUR) / Math.max(spanMs, LEAST_MS) };
}

/** Costs as comma-separated values. */
const COLUMNS = [
  'attempts',
  'inputTokens',
  'outputTokens',
  'cachedInputTokens',
  'costUsd',
  'costPerHour',
  'stableCostUsd',
  'savingsUsd',
  'unpriced',
] as const satisfies readonly (keyof CostRate)[];

/** A header, a line for each row, and one for what is in no row (RFC 4180). */
function costCsv({ by, rows, other }: Pick<CostBreakdown, 'by' | 'rows' | 'other'>): string {
  const lines = rows.map(({ name, ...row }) => csvLine(name ?? '(none)', row));
  if (other.attempts > 0) lines.push(csvLine('(other)', other));
  return [[by, ...COLUMNS].join(','), ...lines, ''].join('\r\n');
}

function csvLine(name: string, row: CostRate): string {
  return [textCell(name), ...COLUMNS.map((column) => numberCell(row[column]))].join(',');
}

/** Sums of binary fractions end in digits that mean nothing. */
function numberCell(value: number): string {
  return String(Number(value.toPrecision(12)));
}

/**
 * Models are named by whoever answers: what a spreadsheet would take for a formula is made text
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */
function textCell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
