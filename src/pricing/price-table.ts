/** The bundled list of public prices. The only file that imports its library. */

import { calcPrice, findProvider, type PriceCalculation } from '@pydantic/genai-prices';
import type { MissingCost, PriceTableVersion, Usage } from '../domain/usage.ts';
import { correctionFor } from './corrections.ts';
import { listedPrice, type ListedPrice, ratesFor, type RawPrice } from './prices.ts';
import { missingCosts, ratesUsd } from './rates.ts';
import { tierFactor } from './service-tiers.ts';

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

  #entry({ provider, baseURL, model, atMs }: TableQuery): LookUp | undefined {
    const source = provider ?? baseURL;
    if (source === undefined) return undefined;
    const minute = Math.floor(atMs / MS_PER_MINUTE);
    let entry = this.#remembered.get(source)?.get(model);
    if (entry?.minute !== minute) {
      entry = { minute, ...lookUp({ provider, baseURL, model, atMs }) };
      this.#remember(source, model, entry);
    }
    return entry;
  }

  #remember(source: string, model: string, entry: LookUp): void {
    if (this.#size >= MAX_REMEMBERED) [this.#remembered, this.#size] = [new Map(), 0];
    const models = this.#remembered.get(source) ?? new Map<string, LookUp>();
    this.#remembered.set(source, models);
    if (!models.has(model)) this.#size += 1;
    models.set(model, entry);
  }
}

/** The table's entry for a model. */
interface TableEntry {
  /** `undefined`: the table has no price. This is remembered, too. */
  readonly price: ListedPrice | undefined;
  /** The id of the provider. */
  readonly seller: string;
}

type LookUp = TableEntry & { readonly minute: number };

function costUsd({ price, seller }: TableEntry, model: string, usage: Usage): number | undefined {
  const rates = price && ratesFor(price, usage.inputTokens);
  if (!rates) return undefined;
  if (rates.imageOutput !== null && usage.outputTokens > 0 && usage.imageOutputTokens === undefined) {
    // Without a split, all output of OpenAI's image models is images; that of other models may be either.
    if (!model.startsWith('gpt-image')) return undefined;
    return costUsd({ price, seller }, model, { ...usage, imageOutputTokens: usage.outputTokens });
  }
  const factor = tierFactor(usage.serviceTier, seller, model);
  return factor === undefined ? undefined : ratesUsd(rates, usage, factor);
}

/** The library throws on invalid prices and dates: such a price is unknown. */
function lookUp(query: Omit<TableQuery, 'usage'>): TableEntry {
  try {
    const { seller, price } = correctedPrice(query);
    return { price: price && listedPrice(price), seller };
  } catch {
    return { price: undefined, seller: '' };
  }
}

function correctedPrice(query: Omit<TableQuery, 'usage'>): { price: RawPrice | undefined; seller: string } {
  const { provider, baseURL, model, atMs } = query;
  const seller = findProvider(
    provider !== undefined ? { providerId: provider } : { providerApiUrl: baseURL ?? '' },
  )?.id;
  const correction = seller === undefined ? undefined : correctionFor(seller, model, atMs);
  if (seller === undefined || !correction) return bundledPrice(query);
  const { like, price } = correction;
  const listed = like === undefined ? bundledPrice(query) : correctedPrice({ ...query, model: like });
  return { price: { ...listed.price, ...price }, seller };
}

/** The price of the bundled list, without our corrections. @throws unknown where the library does */
export function bundledPrice({ provider, baseURL, model, atMs }: Omit<TableQuery, 'usage'>): {
  readonly price: RawPrice | undefined;
  readonly seller: string;
} {
  const providerQuery = provider !== undefined ? { providerId: provider } : { providerApiUrl: baseURL ?? '' };
  const timestamp = new Date(atMs);
  const own = calcPrice({}, model, { ...providerQuery, timestamp });
  const valid = (own?.provider.id === 'openrouter' && vendorPriceBefore(model, timestamp)) || own;
  return { price: valid ? valid.model_price : undefined, seller: own?.provider.id ?? '' };
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
