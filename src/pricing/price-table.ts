/** The bundled list of public prices. The only file that knows the library it comes from. */

import { calcPrice, type ModelPrice } from '@pydantic/genai-prices';
import type { Usage } from '../domain/usage.ts';

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
  /** The cost in USD; `undefined` when the price is unknown. Never throws. */
  tableCostUsd(query: TableQuery): number | undefined;
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
    tableCostUsd({ provider, baseURL, model, usage, atMs }) {
      const seller = provider ?? baseURL;
      if (seller === undefined) return undefined;
      const minute = Math.floor(atMs / MS_PER_MINUTE);
      let found = remembered.get(seller)?.get(model);
      if (found?.minute !== minute) {
        found = { minute, price: lookUp({ provider, baseURL, model, atMs }) };
        remember(seller, model, found);
      }
      return found.price === undefined ? undefined : priceUsd(found.price, usage);
    },
  };
}

interface LookUp {
  readonly minute: number;
  /** `undefined` remembers that the table has none. */
  readonly price: ModelPrice | undefined;
}

const MS_PER_MINUTE = 60_000;
/** Past it all is forgotten: more models than that are not asked for by turns, they are made up. */
const MAX_REMEMBERED = 256;

/** The library throws on odd prices and dates; a price that fails is a price unknown. */
function lookUp({ provider, baseURL, model, atMs }: Omit<TableQuery, 'usage'>): ModelPrice | undefined {
  const whose = provider !== undefined ? { providerId: provider } : { providerApiUrl: baseURL ?? '' };
  try {
    return calcPrice({}, model, { ...whose, timestamp: new Date(atMs) })?.model_price;
  } catch {
    return undefined;
  }
}

/**
 * The library's own sum for the units that we count: cached tokens are part of the input, reasoning of the output, and
 * each has the price of the whole where it has none of its own. A price that counts something else (seconds of audio,
 * pages) says nothing about tokens.
 */
function priceUsd(price: ModelPrice, usage: Usage): number | undefined {
  const { inputTokens, outputTokens } = usage;
  const cached = Math.min(usage.cachedInputTokens, inputTokens);
  const reasoning = Math.min(usage.reasoningTokens, outputTokens);
  const input = rate(price['input_mtok'], inputTokens);
  const output = rate(price['output_mtok'], inputTokens);
  if ((input === undefined && inputTokens > 0) || (output === undefined && outputTokens > 0)) return undefined;
  const inputUsd =
    (inputTokens - cached) * (input ?? 0) + cached * (rate(price['cache_read_mtok'], inputTokens) ?? input ?? 0);
  const reasoningRate = rate(price['output_reasoning_mtok'], inputTokens) ?? output ?? 0;
  const outputUsd = (outputTokens - reasoning) * (output ?? 0) + reasoning * reasoningRate;
  const callUsd = (rate(price['requests_kcount'], inputTokens) ?? 0) / 1_000;
  const costUsd = (inputUsd + outputUsd) / 1_000_000 + callUsd;
  return Number.isFinite(costUsd) ? costUsd : undefined;
}

/** A tier counts from the input's size on, for all units of the call. */
function rate(price: ModelPrice[string], inputTokens: number): number | undefined {
  if (price === undefined || typeof price === 'number') return price;
  let tierRate = price.base;
  let tierStart = -1;
  for (const { start, price: tierPrice } of price.tiers) {
    if (inputTokens > start && start > tierStart) [tierRate, tierStart] = [tierPrice, start];
  }
  return tierRate;
}
