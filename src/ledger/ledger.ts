/** The running account of what attempts cost. */

import { checkNumber, checkOneOf } from '../domain/check.ts';
import { hashKey } from '../domain/hash-key.ts';
import { DeferredBatch } from '../domain/in-flight.ts';
import { TABLE_VERSION } from '../pricing/price-table.ts';
import { breakDown } from './break-down.ts';
import type { CostBreakdown, CostDimension, CostPeriod, CostReport, CostTotals } from './report.ts';
import { addSum, CostDay, type CostEntry, dayOf, emptySum, periodOf, startOf, type Sum, sumOf } from './sums.ts';

/** From when on, and until when. */
export interface CostSpan {
  /** The whole UTC day that holds it counts. @default all that is kept */
  readonly sinceMs?: number | undefined;
  readonly nowMs: number;
}

/** What to divide the account by. */
export interface BreakdownQuery extends CostSpan {
  readonly by: CostDimension;
  /** What stands for a key. */
  readonly hashKey: (key: string) => string;
}

/** A running account; its memory does not grow with the attempts. */
export interface Costs {
  add(entry: CostEntry): void;
  report(span: CostSpan): CostReport;
  breakDown(query: BreakdownQuery): CostBreakdown;
}

/** An account that keeps the newest `maxDays` days that had attempts. @default maxDays 400 */
export function createCosts({ maxDays = 400 }: { readonly maxDays?: number | undefined } = {}): Costs {
  const days = new Map<number, CostDay>();
  let firstMs = Infinity;
  const entries = new DeferredBatch<CostEntry>((entry) => {
    const { atMs } = entry;
    if (atMs < firstMs) firstMs = atMs;
    const day = dayOf(atMs);
    let today = days.get(day);
    if (today === undefined) {
      days.set(day, (today = new CostDay(day)));
      if (days.size > maxDays) days.delete(Math.min(...days.keys()));
    }
    today.add(entry);
  });
  const kept = (sinceMs: number): readonly CostDay[] => {
    entries.flush();
    const from = dayOf(sinceMs);
    return [...days.values()].filter(({ day }) => day >= from).toSorted((a, b) => a.day - b.day);
  };
  return {
    add(entry) {
      entries.add(entry);
    },
    report({ sinceMs = -Infinity, nowMs }) {
      const found = kept(sinceMs);
      const all = merge(found);
      return { atMs: nowMs, ...inTotal(all), days: byPeriod(found, 'day'), months: byPeriod(found, 'month') };
    },
    breakDown({ sinceMs = -Infinity, nowMs, by, hashKey: hash }) {
      const found = kept(sinceMs);
      // Days without attempts count, as far back as anything is kept.
      const firstDay = Math.max(dayOf(sinceMs), Math.min(...days.keys()));
      const fromMs = found.length === 0 ? nowMs : Math.max(firstMs, startOf(firstDay));
      return breakDown({ days: found, by, sinceMs: fromMs, nowMs, prices: TABLE_VERSION, hashKey: hash });
    },
  };
}

type Sums = ReadonlyMap<string, Sum>;

function merge(days: readonly CostDay[]): Sums {
  const merged = new Map<string, Sum>();
  for (const { upstream } of days) for (const [name, sum] of upstream) addSum(sumOf(merged, name), sum);
  return merged;
}

function inTotal(sums: Sums): { total: CostTotals; upstreams: Record<string, CostTotals> } {
  return { total: [...sums.values()].reduce<Sum>(addSum, emptySum()), upstreams: Object.fromEntries(sums) };
}

function byPeriod(days: readonly CostDay[], by: 'day' | 'month'): CostPeriod[] {
  const parts = Map.groupBy(days, ({ day }) => periodOf(day, by));
  return [...parts].map(([period, part]) => {
    const { total, upstreams } = inTotal(merge(part));
    return { period, ...total, upstreams };
  });
}

/* PART: What `client.canary.costs()` says. */

/** What of the account to tell. */
export interface CostsOptions {
  /** Ms since the Unix epoch or a `Date`; the whole UTC day that holds it counts. @default all that is kept: 400 days */
  readonly since?: number | Date | undefined;
  /** What to divide it by. @default nothing: upstreams, days and months stand beside each other */
  readonly by?: CostDimension | undefined;
}

/** @throws ConfigError for a `by` that there is not, and a `since` that is no time */
export function reportCosts(costs: Costs, nowMs: number, { since, by }: CostsOptions): CostReport | CostBreakdown {
  const sinceMs = since instanceof Date ? since.getTime() : since;
  if (sinceMs !== undefined) checkNumber('costs.since', sinceMs, {});
  const span = { sinceMs, nowMs };
  if (by === undefined) return costs.report(span);
  checkOneOf('costs.by', by, COST_DIMENSIONS);
  return costs.breakDown({ ...span, by, hashKey });
}

const COST_DIMENSIONS: readonly CostDimension[] = ['upstream', 'model', 'task', 'key', 'day', 'month'];
