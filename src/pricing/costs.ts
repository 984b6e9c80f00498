/** The running account of what attempts cost, by upstream and day. */

import type { Usage } from '../domain/usage.ts';
import type { CostPeriod, CostReport, CostTotals } from './cost-report.ts';

/** What the account needs to know of an attempt. */
export interface CostEntry {
  readonly upstream: string;
  readonly atMs: number;
  /** `null` when unknown. */
  readonly costUsd: number | null;
  /** What the same tokens would have cost on stable; `null` when unknown. */
  readonly stableCostUsd: number | null;
  readonly usage: Usage | undefined;
}

/** A running account; its memory does not grow with the attempts. */
export interface Costs {
  add(entry: CostEntry): void;
  /** From the UTC day that holds `sinceMs` on, that whole day included; without it, all that is kept. */
  report(options: { readonly sinceMs?: number | undefined; readonly nowMs: number }): CostReport;
}

/** An account that keeps the newest `maxDays` days that had attempts. @default maxDays 400 */
export function createCosts({ maxDays = 400 }: { readonly maxDays?: number | undefined } = {}): Costs {
  const days = new Map<number, Map<string, Sum>>();
  return {
    add(entry) {
      const day = dayOf(entry.atMs);
      let sums = days.get(day);
      if (sums === undefined) {
        days.set(day, (sums = new Map()));
        if (days.size > maxDays) days.delete(Math.min(...days.keys()));
      }
      addEntry(sumOf(sums, entry.upstream), entry);
    },
    report({ sinceMs = -Infinity, nowMs }) {
      const from = dayOf(sinceMs);
      const kept = [...days].filter(([day]) => day >= from).toSorted(([a], [b]) => a - b);
      const all = merge(kept.map(([, sums]) => sums));
      return { atMs: nowMs, ...inTotal(all), days: byPeriod(kept, 'YYYY-MM-DD'), months: byPeriod(kept, 'YYYY-MM') };
    },
  };
}

type Sum = { -readonly [field in keyof CostTotals]: number };
type Sums = ReadonlyMap<string, Sum>;

const MS_PER_DAY = 86_400_000;

function dayOf(atMs: number): number {
  return Math.floor(atMs / MS_PER_DAY);
}

function sumOf(sums: Map<string, Sum>, upstream: string): Sum {
  let sum = sums.get(upstream);
  if (sum === undefined) sums.set(upstream, (sum = emptySum()));
  return sum;
}

function emptySum(): Sum {
  return { attempts: 0, inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, costUsd: 0, unpriced: 0, savingsUsd: 0 };
}

function addEntry(sum: Sum, { usage, costUsd, stableCostUsd }: CostEntry): void {
  sum.attempts += 1;
  sum.inputTokens += usage?.inputTokens ?? 0;
  sum.outputTokens += usage?.outputTokens ?? 0;
  sum.cachedInputTokens += usage?.cachedInputTokens ?? 0;
  sum.costUsd += costUsd ?? 0;
  if (usage !== undefined && costUsd === null) sum.unpriced += 1;
  if (costUsd !== null && stableCostUsd !== null) sum.savingsUsd += stableCostUsd - costUsd;
}

function addSum(sum: Sum, other: Sum): Sum {
  for (const field of Object.keys(sum) as (keyof Sum)[]) sum[field] += other[field]; // the keys of a Sum are its fields
  return sum;
}

function merge(parts: readonly Sums[]): Sums {
  const merged = new Map<string, Sum>();
  for (const part of parts) for (const [upstream, sum] of part) addSum(sumOf(merged, upstream), sum);
  return merged;
}

function inTotal(sums: Sums): { total: CostTotals; upstreams: Record<string, CostTotals> } {
  return { total: [...sums.values()].reduce(addSum, emptySum()), upstreams: Object.fromEntries(sums) };
}

function byPeriod(days: readonly (readonly [number, Sums])[], format: 'YYYY-MM-DD' | 'YYYY-MM'): CostPeriod[] {
  const parts = new Map<string, Sums[]>();
  for (const [day, sums] of days) {
    const period = new Date(day * MS_PER_DAY).toISOString().slice(0, format.length);
    const known = parts.get(period);
    if (known === undefined) parts.set(period, [sums]);
    else known.push(sums);
  }
  return [...parts].map(([period, sums]) => {
    const { total, upstreams } = inTotal(merge(sums));
    return { period, ...total, upstreams };
  });
}
