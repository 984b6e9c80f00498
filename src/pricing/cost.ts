/** What an attempt cost, from the best source there is. */

import type { Cost, Price, Usage } from '../domain/usage.ts';
import type { PriceTable } from './price-table.ts';

/** What is known of an attempt's cost. */
export interface CostQuery {
  /** The provider's own figure, in USD. */
  readonly reportedUsd: number | undefined;
  readonly usage: Usage | undefined;
  /** The usage is a guess (an aborted stream), and so is the cost. @default false */
  readonly usageEstimated?: boolean | undefined;
  readonly model: string | undefined;
  /** The user's prices for the upstream. */
  readonly prices: readonly Price[] | undefined;
  readonly table: PriceTable;
  /** The provider's id in the table. */
  readonly provider: string | undefined;
  readonly baseURL: string | undefined;
  readonly atMs: number;
}

/** The cost of no knowledge. */
export const UNKNOWN_COST: Cost = { costUsd: null, source: null };

/**
 * The cost of an attempt. The user's price of the day wins; else the provider's own figure; else the table. Unknown is
 * `null`, never 0: without usage there is no cost but the one that the provider reports.
 */
export function costOf(query: CostQuery): Cost {
  const { usage, prices, reportedUsd } = query;
  const price = prices === undefined ? undefined : priceAt(prices, query.atMs);
  if (price !== undefined)
    return usage === undefined ? UNKNOWN_COST : computed(priceUsd(price, usage), 'override', query);
  if (reportedUsd !== undefined) return { costUsd: reportedUsd, source: 'reported' };
  return computed(tableUsd(query), 'table', query);
}

/** The price with the latest `from` that is not after `atMs`; one without `from` holds until another does. */
export function priceAt(prices: readonly Price[], atMs: number): Price | undefined {
  let current: Price | undefined;
  let currentFromMs = -Infinity;
  for (const price of prices) {
    const fromMs = price.from === undefined ? -Infinity : Date.parse(price.from);
    if (fromMs <= atMs && fromMs >= currentFromMs) [current, currentFromMs] = [price, fromMs];
  }
  return current;
}

/** The cost in USD of a usage at a price per million tokens; cached tokens are part of the input. */
export function priceUsd(price: Price, usage: Usage): number {
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  const cachedRate = price.cachedInputPerMTok ?? price.inputPerMTok;
  const inputUsd = (usage.inputTokens - cached) * price.inputPerMTok + cached * cachedRate;
  return (inputUsd + usage.outputTokens * price.outputPerMTok) / 1_000_000;
}

function tableUsd({ usage, model, table, provider, baseURL, atMs }: CostQuery): number | undefined {
  if (usage === undefined || model === undefined) return undefined;
  return table.tableCostUsd({ provider, baseURL, model, usage, atMs });
}

function computed(costUsd: number | undefined, source: 'override' | 'table', { usageEstimated }: CostQuery): Cost {
  if (costUsd === undefined) return UNKNOWN_COST;
  return { costUsd, source: usageEstimated === true ? 'estimated' : source };
}
