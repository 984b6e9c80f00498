/** The prices of the models in use, their age, and what providers reported instead: `client.canary.prices()`. */

import type { PriceTableVersion } from '../domain/usage.ts';
import type { ModelUse, ModelUses } from '../pricing/model-prices.ts';
import type { PriceTable } from '../pricing/price-table.ts';
import { priceAt } from '../pricing/prices.ts';
import type { Rates } from '../pricing/rates.ts';
import type { Upstream, UpstreamConfig } from '../upstream/upstream.ts';

/** The price of one model of an upstream, in USD per million tokens. */
export interface ModelPrice {
  readonly upstream: string;
  readonly model: string;
  /** Attempts that reported tokens: of this process, and with a store that outlives the process, of all processes. 0 if it is only configured. */
  readonly attempts: number;
  /** `null` if no price is known. */
  readonly inputPerMTok: number | null;
  readonly outputPerMTok: number | null;
  readonly cachedInputPerMTok: number | null;
  /** `override` is a price in the options. */
  readonly source: 'override' | 'table' | null;
  /** The list that the price is from, with its age in days; absent for a price in the options. */
  readonly table?: PriceTableVersion | undefined;
  /** What the provider reported for attempts that a list can price; absent if it reports no costs. */
  readonly reported?: ReportedPrices | undefined;
}

/** Costs that a provider reported, beside those by the list. */
export interface ReportedPrices {
  readonly attempts: number;
  readonly costUsd: number;
  readonly tableCostUsd: number;
  /** By how much the provider's costs are above those by the list, in %; `null` if the list says that they are free. */
  readonly differencePercent: number | null;
}

interface PriceReportInput {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly table: PriceTable;
  readonly uses: ModelUses;
  readonly atMs: number;
}

/** Models that were called, and models that the options name. The most used first, by upstream. */
export function reportPrices({ upstreams, table, uses, atMs }: PriceReportInput): readonly ModelPrice[] {
  return [...upstreams.values()].flatMap(({ name, config }) => {
    const used = new Map(Object.entries(uses[name] ?? {}).filter(([, { attempts }]) => attempts > 0));
    const models = [...new Set([...used.keys(), ...configuredModels(config)])];
    return models
      .map((model) => ({ upstream: name, model, ...pricesOf(config, model, table, atMs), ...useOf(used.get(model)) }))
      .toSorted((one, other) => other.attempts - one.attempts);
  });
}

function configuredModels({ rules }: UpstreamConfig): readonly string[] {
  const named = rules.params?.['model'];
  if (typeof named === 'string') return [named];
  if (rules.model === undefined) return [];
  return typeof rules.model === 'string' ? [rules.model] : Object.values(rules.model);
}

function useOf(use: ModelUse | undefined): Pick<ModelPrice, 'attempts' | 'reported'> {
  if (!use) return { attempts: 0 };
  const { attempts, compared, reportedUsd, listUsd } = use;
  if (compared === 0) return { attempts };
  const differencePercent = listUsd === 0 ? null : (reportedUsd / listUsd - 1) * 100;
  return { attempts, reported: { attempts: compared, costUsd: reportedUsd, tableCostUsd: listUsd, differencePercent } };
}

const NO_TOKENS = { inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0 };

function pricesOf(
  { pricing }: UpstreamConfig,
  model: string,
  table: PriceTable,
  atMs: number,
): Omit<ModelPrice, 'upstream' | 'model' | 'attempts' | 'reported'> {
  const { prices, provider, baseURL } = pricing;
  const stated = prices && priceAt(prices, atMs);
  if (stated?.kind === 'rates') return { ...perMTok(stated.rates, 1), source: 'override' };
  const query = { provider: stated?.of ?? provider, baseURL, model, usage: NO_TOKENS, atMs };
  const rates = table.ratesOf(query);
  if (!rates) return { inputPerMTok: null, outputPerMTok: null, cachedInputPerMTok: null, source: null };
  const multiplier = stated?.multiplier ?? 1;
  return {
    ...perMTok(rates, multiplier),
    source: stated ? 'override' : 'table',
    table: table.versionOf(query),
  };
}

function perMTok(
  { input, output, cachedInput }: Rates,
  multiplier: number,
): Pick<ModelPrice, 'inputPerMTok' | 'outputPerMTok' | 'cachedInputPerMTok'> {
  const times = (rate: number | null | undefined): number | null =>
    rate === undefined || rate === null ? null : rate * multiplier;
  return {
    inputPerMTok: times(input),
    outputPerMTok: times(output),
    cachedInputPerMTok: times(cachedInput === undefined ? input : cachedInput),
  };
}
