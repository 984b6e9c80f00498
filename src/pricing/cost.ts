/** The cost of an attempt, from the best source available. */

import type { Cost, MissingCost, PriceTableVersion, Usage } from '../domain/usage.ts';
import { type DatedPrice, priceAt } from './prices.ts';
import type { PriceTable, TableQuery } from './price-table.ts';
import { missingCosts, ratesUsd } from './rates.ts';

/** What is known about an attempt's cost. */
export interface CostQuery {
  /** The cost that the provider reported, in USD. */
  readonly reportedUsd: number | undefined;
  readonly usage: Usage | undefined;
  /** Whether the usage is an estimate, as for an aborted stream; the cost is one, too. @default false */
  readonly usageEstimated?: boolean | undefined;
  /** Whether nothing says in which service tier the call was made. @default false: in the standard tier, unless the usage names another */
  readonly tierUnknown?: boolean | undefined;
  readonly model: string | undefined;
  /** The user's prices for the upstream. */
  readonly prices: readonly DatedPrice[] | undefined;
  readonly table: Pick<PriceTable, 'version' | 'tableCostUsd'> &
    Partial<Pick<PriceTable, 'missing' | 'versionOf' | 'dependsOnTier'>>;
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
  const { usage, prices, reportedUsd } = query;
  const price = prices === undefined ? undefined : priceAt(prices, query.atMs);
  if (price === undefined) {
    if (reportedUsd !== undefined) return { costUsd: reportedUsd, source: 'reported' };
    return computed(tableUsd(query), 'table', query, tableMissing(query), tableVersion(query));
  }
  if (usage === undefined) return UNKNOWN_COST;
  if (price.kind === 'rates') {
    const factor = usage.serviceTier === undefined ? 1 : price.serviceTiers?.[usage.serviceTier];
    return computed(ratesUsd(price.rates, usage, factor), 'override', query, overrideMissing(price, usage));
  }
  const listed = price.of === undefined ? query : { ...query, provider: price.of };
  const publicUsd = tableUsd(listed);
  const costUsd = publicUsd === undefined ? undefined : publicUsd * price.multiplier;
  return computed(costUsd, 'override', query, tableMissing(listed), tableVersion(listed));
}

function tableUsd(query: CostQuery): number | undefined {
  const asked = tableQuery(query);
  return asked && query.table.tableCostUsd(asked);
}

function tableVersion(query: CostQuery): PriceTableVersion {
  const asked = tableQuery(query);
  return (asked && query.table.versionOf?.(asked)) ?? query.table.version;
}

function tableMissing(query: CostQuery): readonly MissingCost[] | undefined {
  const { usage, tierUnknown, table } = query;
  const asked = tierUnknown || hasExtras(usage) ? tableQuery(query) : undefined;
  if (!asked) return undefined;
  const missing = table.missing?.(asked);
  const lacksTier = tierUnknown && usage?.serviceTier === undefined && table.dependsOnTier?.(asked);
  return lacksTier ? [...(missing ?? []), 'service tier'] : missing;
}

function tableQuery({ usage, model, provider, baseURL, atMs }: CostQuery): TableQuery | undefined {
  return usage === undefined || model === undefined ? undefined : { provider, baseURL, model, usage, atMs };
}

function overrideMissing(price: DatedPrice & { kind: 'rates' }, usage: Usage): readonly MissingCost[] | undefined {
  const missing = hasExtras(usage) ? missingCosts(price.rates, usage) : undefined;
  const { serviceTier } = usage;
  if (serviceTier === undefined || price.serviceTiers?.[serviceTier] !== undefined) return missing;
  return [...(missing ?? []), 'service tier'];
}

/** Whether a usage has parts that a price may leave out. Few have. */
function hasExtras(usage: Usage | undefined): boolean {
  return (
    usage !== undefined &&
    (usage.webSearches !== undefined ||
      usage.fileSearches !== undefined ||
      usage.otherPaidTools !== undefined ||
      usage.cacheWrite1hTokens !== undefined ||
      usage.surcharges !== undefined)
  );
}

function computed(
  costUsd: number | undefined,
  from: 'override' | 'table',
  { usageEstimated }: CostQuery,
  missing: readonly MissingCost[] | undefined,
  table?: PriceTableVersion,
): Cost {
  if (costUsd === undefined) return UNKNOWN_COST;
  const source = usageEstimated === true ? 'estimated' : from;
  return { costUsd, source, ...(table && { table }), ...(missing && { missing }) };
}
