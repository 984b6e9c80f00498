/** The bundled list of public prices. The only file that knows the library it comes from. */

import { calcPrice, findProvider, type PriceCalculation } from '@pydantic/genai-prices';
import type { PriceTableVersion, Usage } from '../domain/usage.ts';
import { listedPrice, type ListedPrice, ratesFor, ratesUsd } from './prices.ts';
import { tierMultiplier } from './usage.ts';

/** The list that is bundled: `@pydantic/genai-prices`, pinned to this version, and the day it was published. */
export const TABLE_VERSION: PriceTableVersion = Object.freeze({ version: '0.1.8', date: '2026-09-23' });

/** What is priced, and at whose rates. */
export interface TableQuery {
  /** The provider's id in the table; wins over `baseURL`. */
  readonly provider?: string | undefined;
  /** Tells the provider by its address. Without either the price is unknown: a model's name does not say who sells it. */
  readonly baseURL?: string | undefined;
  readonly model: string;
  readonly usage: Usage;
  /** Prices change over the years, and with some providers over the day. */
  readonly atMs: number;
}

/** A list of public prices. */
export interface PriceTable {
  readonly version: PriceTableVersion;
  /** The cost in USD; `undefined` when the price is unknown. Never throws. */
  tableCostUsd(query: TableQuery): number | undefined;
}

/** Whether the table lists prices of a provider of this id. */
export function isListed(provider: string): boolean {
  return findProvider({ providerId: provider }) !== undefined;
}

/**
 * A price table that remembers what it looked up: a look-up takes 5–50 µs, a remembered one well under 1 µs. What it
 * remembers is bounded, and looked up anew in each minute of `atMs`, so that dated and peak-hour prices hold.
 */
export function createPriceTable(): PriceTable {
  // By seller, then by model: joining the two into one key for each look-up would cost more than the look-up.
  let remembered = new Map<string, Map<string, LookUp>>();
  let size = 0;
  const remember = (seller: string, model: string, found: LookUp): void => {
    if (size >= MAX_REMEMBERED) [remembered, size] = [new Map(), 0];
    const models = remembered.get(seller) ?? new Map<string, LookUp>();
    remembered.set(seller, models);
    if (!models.has(model)) size += 1;
    models.set(model, found);
  };
  return {
    version: TABLE_VERSION,
    tableCostUsd({ provider, baseURL, model, usage, atMs }) {
      const seller = provider ?? baseURL;
      if (seller === undefined) return undefined;
      const minute = Math.floor(atMs / MS_PER_MINUTE);
      let found = remembered.get(seller)?.get(model);
      if (found?.minute !== minute) {
        found = { minute, ...lookUp({ provider, baseURL, model, atMs }) };
        remember(seller, model, found);
      }
      return costUsd(found, usage);
    },
  };
}

/** What the table has of a model; without a `price` it is remembered that there is none. */
interface Found {
  readonly price: ListedPrice | undefined;
  /** The seller's id. */
  readonly seller: string;
}

type LookUp = Found & { readonly minute: number };

const MS_PER_MINUTE = 60_000;
/** Past it all is forgotten: more models than that are not asked for by turns, they are made up. */
const MAX_REMEMBERED = 256;

function costUsd({ price, seller }: Found, usage: Usage): number | undefined {
  const rates = price && ratesFor(price, usage.inputTokens);
  const listUsd = rates && ratesUsd(rates, usage);
  if (listUsd === undefined || usage.serviceTier === undefined) return listUsd;
  const multiplier = tierMultiplier(usage.serviceTier, seller);
  return multiplier === undefined ? undefined : listUsd * multiplier;
}

/** The library throws on odd prices and dates; a price that fails is a price unknown. */
function lookUp({ provider, baseURL, model, atMs }: Omit<TableQuery, 'usage'>): Found {
  const whose = provider !== undefined ? { providerId: provider } : { providerApiUrl: baseURL ?? '' };
  try {
    const timestamp = new Date(atMs);
    const own = calcPrice({}, model, { ...whose, timestamp });
    const held = (own?.provider.id === 'openrouter' && passedOn(model, timestamp)) || own;
    return { price: held ? listedPrice(held.model_price) : undefined, seller: own?.provider.id ?? '' };
  } catch {
    return { price: undefined, seller: '' };
  }
}

/**
 * OpenRouter passes on what the vendors of these models ask (https://openrouter.ai/docs/faq), and its own list is of one day: before
 * the latest change of price that it can have seen, the vendor's price of the day holds.
 */
function passedOn(model: string, timestamp: Date): PriceCalculation | undefined {
  const [, vendor, name] = /^(openai|anthropic|google|x-ai)\/([^:]+)$/.exec(model) ?? [];
  if (vendor === undefined || name === undefined) return undefined;
  const vendors = calcPrice({}, name, { providerId: vendor, timestamp });
  if (!vendors || !Array.isArray(vendors.model.prices)) return undefined;
  const changes = vendors.model.prices
    .map(({ constraint }) => (constraint?.type === 'start_date' ? Date.parse(constraint.start_date) : -Infinity))
    .filter((changeMs) => changeMs <= Date.parse(TABLE_VERSION.date));
  return timestamp.getTime() < Math.max(...changes) ? vendors : undefined;
}
