/** The report of what was spent. */

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
  /** What the same tokens would have cost on stable, less their cost, over the attempts where both are known. */
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
