/** Sums up what all attempts cost, by day, and reports it: `client.canary.costs()`. */

import { Calendar } from '../domain/calendar.ts';
import { checkNumber, checkOneOf } from '../domain/check.ts';
import { hashKey } from '../domain/hash-key.ts';
import { DeferredBatch } from '../domain/in-flight.ts';
import type { PriceTableVersion } from '../domain/usage.ts';
import { breakDown } from './break-down.ts';
import { Estimates } from './estimates.ts';
import type { CostBreakdown, CostDimension, CostPeriod, CostReport, CostTotals } from './report.ts';
import { addEntry, addSum, CostDay, type CostEntry, emptySum, periodOf, type Sum, sumOf } from './sums.ts';

/** Options of `client.canary.costs()`. */
export interface CostsOptions {
  /** Ms since the Unix epoch or a `Date`; the whole day that contains it is included, by `canary.timeZone`. @default all days kept: 400 */
  readonly since?: number | Date | undefined;
  /** What to group the costs by. @default no grouping: totals, upstreams, days and months side by side */
  readonly by?: CostDimension | undefined;
}

/** The time that a report covers. */
export interface CostSpan {
  /** Ms since the Unix epoch; the whole day that contains it is included, by `canary.timeZone`. @default all days kept */
  readonly sinceMs?: number | undefined;
  readonly nowMs: number;
}

/** Options of a ledger. */
export interface LedgerOptions {
  /** How many days to keep, the newest that had attempts. @default 400 */
  readonly maxDays?: number | undefined;
  /** When the ledger begins to know, in ms since the Unix epoch. @default 0 */
  readonly sinceMs?: number | undefined;
  /** Whose days and months it sums by. @default UTC */
  readonly calendar?: Calendar | undefined;
}

/** Sums by day (in days since the Unix epoch) and upstream. */
export type StoredDays = Readonly<Record<string, Readonly<Record<string, CostTotals>>>>;

export interface BreakdownQuery extends CostSpan {
  readonly by: CostDimension;
  readonly prices: PriceTableVersion;
  /** Replaces a key in the report. */
  readonly hashKey: (key: string) => string;
}

/** What all attempts cost. Its memory does not grow with the number of attempts. */
export class Ledger {
  readonly estimates = new Estimates();
  readonly #maxDays: number;
  readonly #calendar: Calendar;
  readonly #days = new Map<number, CostDay>();
  #firstMs = Infinity;
  readonly #entries = new DeferredBatch<CostEntry>((entry) => this.#book(entry));
  /** What other processes and earlier ones have spent, by day and upstream. */
  #others: readonly CostDay[] = [];
  #sinceMs: number;
  /** Sums that are not in the store yet; `undefined` without a store. */
  #unsent: Map<number, Map<string, Sum>> | undefined;

  /** @param options `maxDays`: how many days to keep, the newest that had attempts; 400 by default */
  constructor({ maxDays = 400, sinceMs = 0, calendar = new Calendar() }: LedgerOptions = {}) {
    this.#calendar = calendar;
    this.#maxDays = maxDays;
    this.#sinceMs = sinceMs;
  }

  /** Keeps what is spent from now on until `takeUnsent()`. */
  keepUnsent(): void {
    this.#unsent ??= new Map();
  }

  /** What was spent since the last call of this, by day (since the Unix epoch) and upstream. */
  takeUnsent(): StoredDays | undefined {
    this.#entries.flush();
    if (!this.#unsent || this.#unsent.size === 0) return undefined;
    const days = [...this.#unsent].map(([day, sums]) => [day, Object.fromEntries(sums)] as const);
    this.#unsent.clear();
    return Object.fromEntries(days);
  }

  /** Adds what others have spent to every report by upstream, day or month. */
  adopt(others: StoredDays, sinceMs: number): void {
    this.#sinceMs = Math.min(this.#sinceMs, sinceMs);
    this.#others = Object.entries(others).map(([day, sums]) => {
      const costs = new CostDay(Number(day));
      for (const [upstream, sum] of Object.entries(sums)) addSum(sumOf(costs.upstream, upstream), sum);
      return costs;
    });
  }

  add(entry: CostEntry): void {
    this.#entries.add(entry);
  }

  report({ sinceMs = -Infinity, nowMs }: CostSpan): CostReport {
    const days = this.#daysSince(sinceMs, true);
    const fromMs = Math.max(this.#sinceMs, this.#calendar.startOf(this.#calendar.dayOf(Math.max(sinceMs, 0))));
    return {
      sinceMs: fromMs,
      atMs: nowMs,
      ...totalsOf(merge(days)),
      estimates: this.estimates.report(),
      days: byPeriod(days, 'day'),
      months: byPeriod(days, 'month'),
    };
  }

  breakDown({ sinceMs = -Infinity, nowMs, by, prices, hashKey: hash }: BreakdownQuery): CostBreakdown {
    const withOthers = by === 'upstream' || by === 'day' || by === 'month';
    const days = this.#daysSince(sinceMs, withOthers);
    // Days without attempts count for the hourly rate, back to the first day that is kept.
    const firstDay = Math.max(this.#calendar.dayOf(sinceMs), this.#firstDay(withOthers));
    const firstMs = withOthers
      ? Math.min(this.#firstMs, this.#others.length > 0 ? this.#sinceMs : Infinity)
      : this.#firstMs;
    const fromMs = days.length === 0 ? nowMs : Math.max(firstMs, this.#calendar.startOf(firstDay));
    return breakDown({ days, by, sinceMs: fromMs, nowMs, prices, calendar: this.#calendar, hashKey: hash });
  }

  #book(entry: CostEntry): void {
    const { atMs } = entry;
    if (atMs < this.#firstMs) this.#firstMs = atMs;
    const number = this.#calendar.dayOf(atMs);
    let day = this.#days.get(number);
    if (day === undefined) {
      this.#days.set(number, (day = new CostDay(number)));
      if (this.#days.size > this.#maxDays) this.#days.delete(Math.min(...this.#days.keys()));
    }
    day.add(entry);
    if (!this.#unsent) return;
    let sums = this.#unsent.get(number);
    if (!sums) this.#unsent.set(number, (sums = new Map()));
    addEntry(sumOf(sums, entry.upstream), entry);
  }

  /** The first day that is kept. */
  #firstDay(withOthers: boolean): number {
    return Math.min(...this.#days.keys(), ...(withOthers ? this.#others.map(({ day }) => day) : []));
  }

  /** The kept days from the day of `sinceMs` on, the oldest first. */
  #daysSince(sinceMs: number, withOthers: boolean): readonly CostDay[] {
    this.#entries.flush();
    const from = this.#calendar.dayOf(sinceMs);
    return [...this.#days.values(), ...(withOthers ? this.#others : [])]
      .filter(({ day }) => day >= from)
      .toSorted((a, b) => a.day - b.day);
  }
}

const COST_DIMENSIONS: readonly CostDimension[] = ['upstream', 'model', 'task', 'key', 'day', 'month'];

/** @throws ConfigError if `by` is not a dimension, or `since` is not a time */
export function reportCosts(
  ledger: Ledger,
  { nowMs, prices }: { readonly nowMs: number; readonly prices: PriceTableVersion },
  { since, by }: CostsOptions,
): CostReport | CostBreakdown {
  const sinceMs = since instanceof Date ? since.getTime() : since;
  if (sinceMs !== undefined) checkNumber('costs.since', sinceMs, {});
  const span = { sinceMs, nowMs };
  if (by === undefined) return ledger.report(span);
  checkOneOf('costs.by', by, COST_DIMENSIONS);
  return ledger.breakDown({ ...span, by, prices, hashKey });
}

type Sums = ReadonlyMap<string, Sum>;

/** The sums of several days by upstream. */
function merge(days: readonly CostDay[]): Sums {
  const merged = new Map<string, Sum>();
  for (const { upstream } of days) for (const [name, sum] of upstream) addSum(sumOf(merged, name), sum);
  return merged;
}

function totalsOf(sums: Sums): { total: CostTotals; upstreams: Record<string, CostTotals> } {
  return { total: [...sums.values()].reduce<Sum>(addSum, emptySum()), upstreams: Object.fromEntries(sums) };
}

function byPeriod(days: readonly CostDay[], by: 'day' | 'month'): CostPeriod[] {
  const groups = Map.groupBy(days, ({ day }) => periodOf(day, by));
  return [...groups].map(([period, group]) => {
    const { total, upstreams } = totalsOf(merge(group));
    return { period, ...total, upstreams };
  });
}
