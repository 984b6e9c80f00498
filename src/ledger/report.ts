/** The reports of what was spent. */

import type { PriceTableVersion } from '../domain/usage.ts';

/** Sums over attempts. Money in USD. */
export interface CostTotals {
  readonly attempts: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** A part of `inputTokens`. */
  readonly cachedInputTokens: number;
  /** Over the attempts whose cost is known. */
  readonly costUsd: number;
  /** Attempts with usage but no known price: `costUsd` lacks them. */
  readonly unpriced: number;
  /** What the same tokens would have cost on stable, over the attempts where that is known, and their cost too. */
  readonly stableCostUsd: number;
  /** `stableCostUsd` less the cost of the same attempts. */
  readonly savingsUsd: number;
}

/** The sums of one day or month, in UTC. */
export interface CostPeriod extends CostTotals {
  /** `YYYY-MM-DD` or `YYYY-MM`. */
  readonly period: string;
  readonly upstreams: Readonly<Record<string, CostTotals>>;
}

/** What every attempt cost, also the failed and aborted ones. */
export interface CostReport {
  readonly atMs: number;
  readonly total: CostTotals;
  readonly upstreams: Readonly<Record<string, CostTotals>>;
  /** Days with attempts, the oldest first. */
  readonly days: readonly CostPeriod[];
  /** The same days by month: the first month may lack its beginning. */
  readonly months: readonly CostPeriod[];
}

/** What costs can be divided by. */
export type CostDimension = 'upstream' | 'model' | 'task' | 'key' | 'day' | 'month';

/** Sums with their pace. */
export interface CostRate extends CostTotals {
  /** USD an hour over the time that the sums are of, of which a minute is the least. */
  readonly costPerHour: number;
}

/** One upstream, model, task, key, day or month. */
export interface CostRow extends CostRate {
  /**
   * The model is the one that the response names. A key stands as the first 16 hexadecimal digits of its SHA-256. `null`: the attempts
   * that have no model, task or key; a conversation is no key here.
   */
  readonly name: string | null;
}

/** The costs divided by one thing. `JSON.stringify` gives it as it is. */
export interface CostBreakdown {
  readonly by: CostDimension;
  /** From when on attempts are counted: the beginning of a day, or the first attempt. */
  readonly sinceMs: number;
  readonly atMs: number;
  /** The dearest first; days and months in order. Of models and tasks at most 32, of keys 128. */
  readonly rows: readonly CostRow[];
  /** All that is in no row: on each day only the dearest are kept, and a row lacks what was spent before its name was among them. */
  readonly other: CostRate;
  /** The rows and the other. */
  readonly total: CostRate;
  /** The list of public prices in use. */
  readonly prices: PriceTableVersion;
  /** The rows, `(none)` and `(other)`, under a header, as comma-separated values (RFC 4180). */
  toCsv(): string;
}
