/** What an attempt cost, from the best source there is. */

import type { Cost, ListPrice, PriceTableVersion, UpstreamPrice, Usage } from '../domain/usage.ts';
import type { PriceTable } from './price-table.ts';
import { ratesOf, ratesUsd } from './rates.ts';

/** What is known of an attempt's cost. */
export interface CostQuery {
  /** The provider's own figure, in USD. */
  readonly reportedUsd: number | undefined;
  readonly usage: Usage | undefined;
  /** The usage is a guess (an aborted stream), and so is the cost. @default false */
  readonly usageEstimated?: boolean | undefined;
  readonly model: string | undefined;
  /** The user's prices for the upstream. */
  readonly prices: readonly UpstreamPrice[] | undefined;
  readonly table: PriceTable;
  /** The provider's id in the table. */
  readonly provider: string | undefined;
  readonly baseURL: string | undefined;
  readonly atMs: number;
}

/** The cost of no knowledge. */
export const UNKNOWN_COST: Cost = { costUsd: null, source: null };

/**
 * The cost of a usage. The user's price of the day wins; else the provider's own figure; else the table. Unknown is `null`, never
 * 0: without usage there is no cost but the one that the provider reports.
 */
export function findCost(query: CostQuery): Cost {
  const { usage, prices, reportedUsd, table } = query;
  const price = prices === undefined ? undefined : priceAt(prices, query.atMs);
  if (price !== undefined) {
    if (usage === undefined) return UNKNOWN_COST;
    if ('multiplier' in price) return computed(listUsd(price, query), 'override', query, table.version);
    return computed(ratesUsd(ratesOf(price), usage), 'override', query);
  }
  if (reportedUsd !== undefined) return { costUsd: reportedUsd, source: 'reported' };
  return computed(tableUsd(query), 'table', query, table.version);
}

/** The price with the latest `from` that is not after `atMs`; one without `from` holds until another does. */
export function priceAt(prices: readonly UpstreamPrice[], atMs: number): UpstreamPrice | undefined {
  let current: UpstreamPrice | undefined;
  let currentFromMs = -Infinity;
  for (const price of prices) {
    const fromMs = price.from === undefined ? -Infinity : Date.parse(price.from);
    if (fromMs <= atMs && fromMs >= currentFromMs) [current, currentFromMs] = [price, fromMs];
  }
  return current;
}

function listUsd({ multiplier, of: provider }: ListPrice, query: CostQuery): number | undefined {
  const publicUsd = tableUsd(provider === undefined ? query : { ...query, provider });
  return publicUsd === undefined ? undefined : publicUsd * multiplier;
}

function tableUsd({ usage, model, table, provider, baseURL, atMs }: CostQuery): number | undefined {
  if (usage === undefined || model === undefined) return undefined;
  return table.tableCostUsd({ provider, baseURL, model, usage, atMs });
}

function computed(
  costUsd: number | undefined,
  from: 'override' | 'table',
  { usageEstimated }: CostQuery,
  table?: PriceTableVersion,
): Cost {
  if (costUsd === undefined) return UNKNOWN_COST;
  const source = usageEstimated === true ? 'estimated' : from;
  return table === undefined ? { costUsd, source } : { costUsd, source, table };
}
