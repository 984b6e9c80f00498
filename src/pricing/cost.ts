/** The cost of an attempt, from the best source available. */

import type { Cost, PriceTableVersion, Usage } from '../domain/usage.ts';
import { type DatedPrice, priceAt, ratesUsd } from './prices.ts';
import type { PriceTable } from './price-table.ts';

/** What is known about an attempt's cost. */
export interface CostQuery {
  /** The cost that the provider reported, in USD. */
  readonly reportedUsd: number | undefined;
  readonly usage: Usage | undefined;
  /** Whether the usage is an estimate, as for an aborted stream; the cost is one, too. @default false */
  readonly usageEstimated?: boolean | undefined;
  readonly model: string | undefined;
  /** The user's prices for the upstream. */
  readonly prices: readonly DatedPrice[] | undefined;
  readonly table: Pick<PriceTable, 'version' | 'tableCostUsd'>;
  /** The provider's id in the table. */
  readonly provider: string | undefined;
  readonly baseURL: string | undefined;
  readonly atMs: number;
}

export const UNKNOWN_COST: Cost = { costUsd: null, source: null };

/**
 * The cost of an attempt: by the user's price that is valid at `atMs`, else as reported by the provider, else by the table. An unknown
 * cost is `null`, never 0. Without usage, only a reported cost is known.
 */
export function findCost(query: CostQuery): Cost {
  const { usage, prices, reportedUsd, table } = query;
  const price = prices === undefined ? undefined : priceAt(prices, query.atMs);
  if (price !== undefined) {
    if (usage === undefined) return UNKNOWN_COST;
    return computed(
      priceUsd(price, usage, query),
      'override',
      query,
      price.kind === 'list' ? table.version : undefined,
    );
  }
  if (reportedUsd !== undefined) return { costUsd: reportedUsd, source: 'reported' };
  return computed(tableUsd(query), 'table', query, table.version);
}

function priceUsd(price: DatedPrice, usage: Usage, query: CostQuery): number | undefined {
  if (price.kind === 'rates') return ratesUsd(price.rates, usage);
  const { multiplier, of: provider } = price;
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
