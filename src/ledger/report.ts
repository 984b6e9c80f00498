/** The reports that `client.canary.costs()` returns. */

import type { PriceTableVersion } from '../domain/usage.ts';

/** Sums over attempts. Money in USD. */
export interface CostTotals {
  readonly attempts: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** A part of `inputTokens`. */
  readonly cachedInputTokens: number;
  /** Of the attempts whose cost is known. */
  readonly costUsd: number;
  /**
   * Attempts that were billed and whose cost is not known: the price is unknown, or the provider reports no usage and none can be
   * counted. `costUsd` does not include them.
   */
  readonly unpriced: number;
  /** Attempts whose cost leaves something out, such as tool fees. */
  readonly incomplete: number;
  /** What the same tokens would have cost on stable, over the attempts where both costs are known. */
  readonly stableCostUsd: number;
  /** `stableCostUsd` minus the cost of the same attempts. */
  readonly savingsUsd: number;
}

/** Estimates made before attempts were sent, beside their costs afterwards. */
export interface EstimateDrift {
  /** Attempts with an estimate, made for a budget, and a known cost. */
  readonly attempts: number;
  /** USD. The estimate counts all the output that the body allows. */
  readonly estimateUsd: number;
  /** USD. */
  readonly costUsd: number;
  /** By how much the estimates are above the costs, in %; `null` if nothing was paid. */
  readonly driftPercent: number | null;
}

/** The sums of one day or month, by the calendar of `canary.timeZone`. */
export interface CostPeriod extends CostTotals {
  /** `YYYY-MM-DD` or `YYYY-MM`. */
  readonly period: string;
  readonly upstreams: Readonly<Record<string, CostTotals>>;
}

/** What all attempts cost, including failed and aborted ones. */
export interface CostReport {
  /**
   * The time from which attempts are counted: with a store that outlives the process, the first attempt that any process recorded
   * there, else the start of this client; later if `since` asks for less. Costs by model, task and key begin with this client.
   */
  readonly sinceMs: number;
  readonly atMs: number;
  readonly total: CostTotals;
  readonly upstreams: Readonly<Record<string, CostTotals>>;
  /** How good the estimates of budgets are, since this client began: in total and by upstream. Without budgets nothing is estimated. */
  readonly estimates: EstimateDrift & { readonly upstreams: Readonly<Record<string, EstimateDrift>> };
  /** Days with attempts, the oldest first. */
  readonly days: readonly CostPeriod[];
  /** The same days by month. The first month may be incomplete. */
  readonly months: readonly CostPeriod[];
}

/** What costs can be grouped by. */
export type CostDimension = 'upstream' | 'model' | 'task' | 'key' | 'day' | 'month';

/** Sums with their rate. */
export interface CostRate extends CostTotals {
  /** USD per hour over the time that the sums cover, at least a minute. */
  readonly costPerHour: number;
}

/** One upstream, model, task, key, day or month. */
export interface CostRow extends CostRate {
  /**
   * A model is the one that the response names. A key is shown as the first 16 hexadecimal digits of its SHA-256. `null`: attempts
   * without a model, task or key; a conversation id does not count as a key.
   */
  readonly name: string | null;
}

/** Costs grouped by one dimension. It can be passed to `JSON.stringify`. */
export interface CostBreakdown {
  readonly by: CostDimension;
  /** The time from which attempts are counted: the beginning of a day, or the first attempt. */
  readonly sinceMs: number;
  readonly atMs: number;
  /** The most expensive first; days and months in order of time. At most 32 models or tasks, and 128 keys. */
  readonly rows: readonly CostRow[];
  /**
   * All costs that no row contains. Each day keeps only the most expensive names, and a row lacks what its name cost before it was one
   * of them.
   */
  readonly other: CostRate;
  /** The sum of `rows` and `other`. */
  readonly total: CostRate;
  /** The list of prices in use: the user's, or the bundled one. */
  readonly prices: PriceTableVersion;
  /** A header and a line per row, with `(none)` for attempts without a name and `(other)` for `other`, as comma-separated values (RFC 4180). */
  toCsv(): string;
}
