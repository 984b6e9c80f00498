/** Groups the costs of the ledger by one dimension. */

import type { Calendar } from '../domain/calendar.ts';
import type { PriceTableVersion } from '../domain/usage.ts';
import type { CostBreakdown, CostDimension, CostRate, CostRow, CostTotals } from './report.ts';
import { addSum, type CostDay, emptySum, MAX_NAMES, firstDayOf, periodOf, type Sum, sumOf } from './sums.ts';

/** What to group, and how. */
export interface BreakdownInput {
  /** Ascending. */
  readonly days: readonly CostDay[];
  readonly by: CostDimension;
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly prices: PriceTableVersion;
  readonly calendar: Calendar;
  /** Replaces a key in the report. */
  readonly hashKey: (key: string) => string;
}

/** The shortest time that `costPerHour` is computed over. Without it the first call would seem to cost thousands an hour. */
const MIN_SPAN_MS = 60_000;
const MS_PER_HOUR = 3_600_000;

export function breakDown(input: BreakdownInput): CostBreakdown {
  const { by, sinceMs, nowMs, prices } = input;
  const { sums, other } = by === 'day' || by === 'month' ? byPeriod(input.days, by) : byName(input.days, by);
  const rows = [...sums].map(([name, sum]) => rowOf(name, sum, input));
  const inOrder = by === 'day' || by === 'month' ? rows : rows.toSorted((a, b) => b.costUsd - a.costUsd);
  const total = addSum([...sums.values()].reduce<Sum>(addSum, emptySum()), other);
  const spanMs = nowMs - sinceMs;
  const groups = { by, rows: inOrder, other: withRate(other, spanMs) };
  return { ...groups, sinceMs, atMs: nowMs, total: withRate(total, spanMs), prices, toCsv: () => costCsv(groups) };
}

/** `null` stands for attempts without a name. */
interface Groups {
  readonly sums: Map<string | null, Sum>;
  readonly other: Sum;
}

function byPeriod(days: readonly CostDay[], by: 'day' | 'month'): Groups {
  const sums = new Map<string | null, Sum>();
  for (const { day, upstream } of days) {
    const sum = sumOf(sums, periodOf(day, by));
    for (const each of upstream.values()) addSum(sum, each);
  }
  return { sums, other: emptySum() };
}

function byName(days: readonly CostDay[], by: 'upstream' | keyof typeof MAX_NAMES): Groups {
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
  if (by !== 'upstream') keepTop(sums, MAX_NAMES[by], other);
  return { sums, other };
}

/** Each day keeps its own top names, so together they may exceed the limit. */
function keepTop(sums: Map<string | null, Sum>, most: number, other: Sum): void {
  const names = [...sums].filter(([name]) => name !== null).toSorted(([, a], [, b]) => b.costUsd - a.costUsd);
  for (const [name, sum] of names.slice(most)) {
    sums.delete(name);
    addSum(other, sum);
  }
}

function rowOf(name: string | null, sum: Sum, { by, sinceMs, nowMs, calendar, hashKey }: BreakdownInput): CostRow {
  if (name === null || (by !== 'day' && by !== 'month')) {
    return { name: by === 'key' && name !== null ? hashKey(name) : name, ...withRate(sum, nowMs - sinceMs) };
  }
  const day = firstDayOf(name);
  const fromMs = Math.max(sinceMs, calendar.startOf(day));
  const endMs = by === 'day' ? calendar.startOf(day + 1) : calendar.monthAt(day).endMs;
  return { name, ...withRate(sum, Math.min(nowMs, endMs) - fromMs) };
}

function withRate(totals: CostTotals, spanMs: number): CostRate {
  return { ...totals, costPerHour: (totals.costUsd * MS_PER_HOUR) / Math.max(spanMs, MIN_SPAN_MS) };
}

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
  'incomplete',
] as const satisfies readonly (keyof CostRate)[];

/** A header, a line per row, and one for all costs that no row contains (RFC 4180). */
function costCsv({ by, rows, other }: Pick<CostBreakdown, 'by' | 'rows' | 'other'>): string {
  const lines = rows.map(({ name, ...row }) => csvLine(name ?? '(none)', row));
  if (other.attempts > 0) lines.push(csvLine('(other)', other));
  return [[by, ...COLUMNS].join(','), ...lines, ''].join('\r\n');
}

function csvLine(name: string, row: CostRate): string {
  return [textCell(name), ...COLUMNS.map((column) => numberCell(row[column]))].join(',');
}

/** Twelve digits: the last digits of a sum of binary fractions are rounding errors. */
function numberCell(value: number): string {
  return String(Number(value.toPrecision(12)));
}

/**
 * The upstream chooses the model's name. A name that a spreadsheet would run as a formula gets a leading apostrophe
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */
function textCell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
