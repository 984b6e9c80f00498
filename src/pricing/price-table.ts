/** The bundled list of public prices. The only file that imports its library. */

import { calcPrice, findProvider, type PriceCalculation } from '@pydantic/genai-prices';
import type { MissingCost, PriceTableVersion, Usage } from '../domain/usage.ts';
import { correctionFor } from './corrections.ts';
import type { ListEntry, PriceList } from './price-list.ts';
import { listedPrice, type ListedPrice, ratesFor, type RawPrice } from './prices.ts';
import { missingCosts, type Rates, ratesUsd } from './rates.ts';
import { hasTiers, tierFactor } from './service-tiers.ts';

/** The bundled list: the pinned version of `@pydantic/genai-prices`, and the day it was published. */
export const TABLE_VERSION: PriceTableVersion = Object.freeze({ version: '0.1.8', date: '2026-09-23' });

/** What to price, and by which provider's prices. */
export interface TableQuery {
  /** The provider's id in the table; takes precedence over `baseURL`. */
  readonly provider?: string | undefined;
  /** Identifies the provider by its address. With neither, the price is unknown: many providers sell a model of the same name. */
  readonly baseURL?: string | undefined;
  readonly model: string;
  readonly usage: Usage;
  /** Prices change over time, and with some providers over the day. */
  readonly atMs: number;
}

/** Whether the table lists prices of the provider with this id. */
export function isListed(provider: string): boolean {
  return findProvider({ providerId: provider }) !== undefined;
}

const MS_PER_MINUTE = 60_000;
const MS_PER_DAY = 86_400_000;
/** At this many models all remembered look-ups are dropped. Applications use few models; names beyond that are made up. */
const MAX_REMEMBERED = 256;

/**
 * The public prices. A look-up takes 5–50 µs, so results are remembered, which takes well under 1 µs. The memory is bounded, and a
 * result holds for one minute of `atMs`, so that dated prices and peak-hour prices apply in time.
 */
export class PriceTable {
  readonly version: PriceTableVersion = TABLE_VERSION;
  /** By provider (or address), then by model: joining the two into one key would cost more than the two look-ups. */
  #remembered = new Map<string, Map<string, LookUp>>();
  #size = 0;
  #list: { readonly prices: PriceList; readonly version: PriceTableVersion } | undefined;

  /** The list that new costs are computed with first: the user's, if there is one. */
  get latest(): PriceTableVersion {
    return this.#list?.version ?? this.version;
  }

  /** Uses the user's list before the bundled one, from now on. */
  adopt(prices: PriceList, version: PriceTableVersion): void {
    this.#list = { prices, version };
    [this.#remembered, this.#size] = [new Map(), 0];
  }

  /** The list that the price of the query is from, with its age at that time. */
  versionOf(query: TableQuery): PriceTableVersion {
    return this.#entry(query)?.version ?? this.version;
  }

  /** The rates of a model in USD per million tokens, for a call of `inputTokens`; `undefined` if the price is unknown. */
  ratesOf(query: TableQuery): Rates | undefined {
    const price = this.#entry(query)?.price;
    return price && ratesFor(price, query.usage.inputTokens);
  }

  /** The cost in USD; `undefined` if the price is unknown. Never throws. */
  tableCostUsd(query: TableQuery): number | undefined {
    const entry = this.#entry(query);
    return entry && costUsd(entry, query.model, query.usage);
  }

  /** What `tableCostUsd` leaves out, because the table has no price for it; `undefined` if its result is complete. */
  missing(query: TableQuery): readonly MissingCost[] | undefined {
    const { price } = this.#entry(query) ?? {};
    const rates = price && ratesFor(price, query.usage.inputTokens);
    return rates && missingCosts(rates, query.usage);
  }

  /** Whether the model's price depends on the service tier of a call. */
  dependsOnTier(query: TableQuery): boolean {
    const { price, seller = '', tierFactors = {} } = this.#entry(query) ?? {};
    if (price === undefined) return false;
    return hasTiers(seller, query.model) || Object.keys(tierFactors).some((tier) => tier !== 'batch');
  }

  #entry({ provider, baseURL, model, atMs }: TableQuery): LookUp | undefined {
    const source = provider ?? baseURL;
    if (source === undefined) return undefined;
    const minute = Math.floor(atMs / MS_PER_MINUTE);
    let entry = this.#remembered.get(source)?.get(model);
    if (entry?.minute !== minute) {
      entry = { minute, ...this.#lookUp({ provider, baseURL, model, atMs }) };
      this.#remember(source, model, entry);
    }
    return entry;
  }

  #lookUp(query: Omit<TableQuery, 'usage'>): Omit<LookUp, 'minute'> {
    const bundled = lookUp(query);
    const listed = this.#list?.prices.find(bundled.seller, query.model);
    const version = aged(listed && this.#list ? this.#list.version : this.version, query.atMs);
    if (!listed) return { ...bundled, price: bundled.price && listedPrice(bundled.price), version };
    const { price, tierFactors } = listed;
    return { price: listedPrice(completed(price, bundled.price)), seller: bundled.seller, tierFactors, version };
  }

  #remember(source: string, model: string, entry: LookUp): void {
    if (this.#size >= MAX_REMEMBERED) [this.#remembered, this.#size] = [new Map(), 0];
    const models = this.#remembered.get(source) ?? new Map<string, LookUp>();
    this.#remembered.set(source, models);
    if (!models.has(model)) this.#size += 1;
    models.set(model, entry);
  }
}

/** The price of a model, as it is remembered. */
interface LookUp {
  readonly minute: number;
  /** `undefined`: no list has a price. This is remembered, too. */
  readonly price: ListedPrice | undefined;
  /** The provider's id in the bundled list, or else the id or address that was asked for. */
  readonly seller: string;
  /** The user's list states them. */
  readonly tierFactors?: ListEntry['tierFactors'] | undefined;
  readonly version: PriceTableVersion;
}

/** With the age in whole days. */
function aged(version: PriceTableVersion, atMs: number): PriceTableVersion {
  const days = Math.floor((atMs - Date.parse(version.date)) / MS_PER_DAY);
  return Object.freeze({ ...version, ageDays: Number.isNaN(days) ? undefined : Math.max(0, days) });
}

const FEES = new Set(['web_searches_kcount', 'storage_searches_kcount', 'requests_kcount']);

/**
 * The price of a user's list, with the fees of the bundled list that it does not state. Rates of tokens are added only if both lists
 * agree on input and output: a rate of another price would be wrong.
 */
function completed(price: RawPrice, bundled: RawPrice | undefined): RawPrice {
  if (!bundled) return price;
  const agree = ['input_mtok', 'output_mtok'].every((unit) => baseOf(price[unit]) === baseOf(bundled[unit]));
  const added = Object.entries(bundled).filter(([unit]) => agree || FEES.has(unit));
  return { ...Object.fromEntries(added), ...price };
}

function baseOf(rate: RawPrice[string]): number | null | undefined {
  return typeof rate === 'object' && rate !== null ? rate.base : rate;
}

function costUsd(entry: LookUp, model: string, usage: Usage): number | undefined {
  const { price, seller } = entry;
  const rates = price && ratesFor(price, usage.inputTokens);
  if (!rates) return undefined;
  if (rates.imageOutput !== null && usage.outputTokens > 0 && usage.imageOutputTokens === undefined) {
    // Without a split, all output of OpenAI's image models is images; that of other models may be either.
    if (!model.startsWith('gpt-image')) return undefined;
    return costUsd(entry, model, { ...usage, imageOutputTokens: usage.outputTokens });
  }
  const { serviceTier } = usage;
  const stated = serviceTier && entry.tierFactors?.[serviceTier];
  const factor = stated ?? tierFactor(serviceTier, seller, model);
  return factor === undefined ? undefined : ratesUsd(rates, usage, factor);
}

function lookUp(query: Omit<TableQuery, 'usage'>): { readonly price: RawPrice | undefined; readonly seller: string } {
  const { provider, baseURL = '' } = query;
  const id = findProvider(provider !== undefined ? { providerId: provider } : { providerApiUrl: baseURL })?.id;
  try {
    return {
      price: id === undefined ? bundledPrice(query) : correctedPrice(query, id),
      seller: id ?? provider ?? baseURL,
    };
  } catch {
    // The library throws on invalid prices and dates: such a price is unknown.
    return { price: undefined, seller: id ?? provider ?? baseURL };
  }
}

function correctedPrice(query: Omit<TableQuery, 'usage'>, seller: string): RawPrice | undefined {
  const { model, atMs } = query;
  const correction = correctionFor(seller, model, atMs);
  if (!correction) return bundledPrice(query);
  const { like, price } = correction;
  const listed = like === undefined ? bundledPrice(query) : correctedPrice({ ...query, model: like }, seller);
  return { ...listed, ...price };
}

/** The price of the bundled list, without our corrections. @throws unknown where the library does */
export function bundledPrice({ provider, baseURL, model, atMs }: Omit<TableQuery, 'usage'>): RawPrice | undefined {
  const providerQuery = provider !== undefined ? { providerId: provider } : { providerApiUrl: baseURL ?? '' };
  const timestamp = new Date(atMs);
  const own = calcPrice({}, model, { ...providerQuery, timestamp });
  const valid = (own?.provider.id === 'openrouter' && vendorPriceBefore(model, timestamp)) || own;
  return valid ? valid.model_price : undefined;
}

/**
 * The vendor's price at `timestamp`, if that is before the vendor's latest price change in the table. OpenRouter passes on the prices
 * of these vendors (https://openrouter.ai/docs/faq), but its list in the table has only the prices of the day it was made.
 */
function vendorPriceBefore(model: string, timestamp: Date): PriceCalculation | undefined {
  const [, vendor, name] = /^(openai|anthropic|google|x-ai)\/([^:]+)$/.exec(model) ?? [];
  if (vendor === undefined || name === undefined) return undefined;
  const vendors = calcPrice({}, name, { providerId: vendor, timestamp });
  if (!vendors || !Array.isArray(vendors.model.prices)) return undefined;
  const changes = vendors.model.prices
    .map(({ constraint }) => (constraint?.type === 'start_date' ? Date.parse(constraint.start_date) : -Infinity))
    .filter((changeMs) => changeMs <= Date.parse(TABLE_VERSION.date));
  return timestamp.getTime() < Math.max(...changes) ? vendors : undefined;
}
