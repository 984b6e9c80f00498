/** Reads a user's price list in one of two public formats: LiteLLM's model map, and the `api.json` of models.dev. */

import { fields, type Fields, isRecord } from '../domain/json.ts';
import type { ServiceTier } from '../domain/usage.ts';
import type { RawPrice } from './prices.ts';

/** The price of one model of a list. */
export interface ListEntry {
  readonly price: RawPrice;
  /** Factors on the price of tokens by service tier, where the list states them. */
  readonly tierFactors: Readonly<Partial<Record<ServiceTier, number>>>;
}

/** Prices by seller and model. */
export interface PriceList {
  /** How many models have a price. */
  readonly size: number;
  /** The price of a model. The seller is an id of the bundled list, or the address of an API that the list names. */
  find(seller: string, model: string): ListEntry | undefined;
}

/** @returns `undefined` if `value` is in neither format, or contains no price */
export function readPriceList(value: unknown): PriceList | undefined {
  const list = new SellerPrices();
  for (const [name, entry] of Object.entries(fields(value))) {
    const { models, litellm_provider: provider } = fields(entry);
    if (isRecord(models)) addProvider(list, name, fields(entry));
    else if (typeof provider === 'string') addMapEntry(list, name, provider, fields(entry));
  }
  return list.size === 0 ? undefined : list;
}

class SellerPrices implements PriceList {
  readonly #sellers = new Map<string, Map<string, ListEntry>>();
  /** The sellers by the host of their API. */
  readonly #hosts = new Map<string, string>();
  size = 0;

  add(seller: string, model: string, entry: ListEntry): void {
    const models = this.#sellers.get(seller) ?? new Map<string, ListEntry>();
    this.#sellers.set(seller, models);
    if (!models.has(model.toLowerCase())) this.size += 1;
    models.set(model.toLowerCase(), entry);
  }

  addHost(host: string, seller: string): void {
    this.#hosts.set(host, seller);
  }

  find(seller: string, model: string): ListEntry | undefined {
    const models = this.#sellers.get(seller) ?? this.#sellers.get(this.#hosts.get(hostOf(seller)) ?? '');
    if (!models) return undefined;
    for (const name of namesOf(model.toLowerCase())) {
      const entry = models.get(name);
      if (entry) return entry;
    }
    return undefined;
  }
}

/** A model's name, then without what identifies a customer (`ft:model:org::id`), then without its date. */
function namesOf(model: string): readonly string[] {
  const tuned = /^(ft:[^:]+):/.exec(model)?.[1] ?? model;
  return [model, tuned, tuned.replace(/[-@](?:\d{4}-\d\d-\d\d|\d{8})$/, '')];
}

function hostOf(address: unknown): string {
  return typeof address === 'string' ? (URL.parse(address)?.host ?? '') : '';
}

/** The ids of the bundled list for sellers that the formats name differently. */
const SELLERS: Readonly<Record<string, string>> = {
  gemini: 'google',
  xai: 'x-ai',
  moonshot: 'moonshotai',
  together_ai: 'together',
  togetherai: 'together',
  fireworks_ai: 'fireworks',
  'fireworks-ai': 'fireworks',
  cohere_chat: 'cohere',
  'text-completion-openai': 'openai',
};

function sellerOf(name: string): string {
  return Object.hasOwn(SELLERS, name) ? (SELLERS[name] ?? name) : name;
}

/** models.dev: prices in USD per million tokens, by provider. */
function addProvider(list: SellerPrices, name: string, { api, models }: Fields): void {
  const seller = sellerOf(name);
  const host = hostOf(api);
  if (host !== '') list.addHost(host, seller);
  for (const [model, { cost }] of Object.entries(fields(models)).map(([id, entry]) => [id, fields(entry)] as const)) {
    const price = isRecord(cost) ? tieredPrice(perMillion(cost), costTiers(cost)) : undefined;
    if (price) list.add(seller, model, { price, tierFactors: {} });
  }
}

const COST_UNITS = {
  input: 'input_mtok',
  output: 'output_mtok',
  cache_read: 'cache_read_mtok',
  cache_write: 'cache_write_mtok',
  reasoning: 'output_reasoning_mtok',
  input_audio: 'input_audio_mtok',
  output_audio: 'output_audio_mtok',
} as const;

function perMillion(cost: Fields): Rates {
  return ratesOf(Object.entries(COST_UNITS).map(([name, unit]) => [unit, usdOf(cost[name])]));
}

function costTiers({ context_over_200k: over200k, tiers }: Fields): readonly Tier[] {
  const listed = (Array.isArray(tiers) ? tiers : []).flatMap((entry: unknown) => {
    const { tier, ...cost } = fields(entry);
    const { type, size } = fields(tier);
    return type === 'context' && typeof size === 'number' ? [{ start: size, rates: perMillion(cost) }] : [];
  });
  if (listed.length > 0 || !isRecord(over200k)) return listed;
  return [{ start: 200_000, rates: perMillion(over200k) }];
}

/** LiteLLM: one map of all models, with prices in USD per token. */
function addMapEntry(list: SellerPrices, name: string, provider: string, entry: Fields): void {
  const price = tieredPrice({ ...perToken(entry, ''), ...feesOf(entry) }, mapTiers(entry));
  if (!price) return;
  const model = name.startsWith(`${provider}/`) ? name.slice(provider.length + 1) : name;
  list.add(sellerOf(provider), model, { price, tierFactors: tierFactorsOf(entry) });
}

const TOKEN_UNITS = {
  input_cost_per_token: 'input_mtok',
  output_cost_per_token: 'output_mtok',
  cache_read_input_token_cost: 'cache_read_mtok',
  cache_creation_input_token_cost: 'cache_write_mtok',
  cache_creation_input_token_cost_above_1hr: 'cache_write_1h_mtok',
  input_cost_per_audio_token: 'input_audio_mtok',
  output_cost_per_audio_token: 'output_audio_mtok',
  input_cost_per_image_token: 'input_image_mtok',
  output_cost_per_image_token: 'output_image_mtok',
  output_cost_per_reasoning_token: 'output_reasoning_mtok',
} as const;

function perToken(entry: Fields, suffix: string): Rates {
  return ratesOf(
    Object.entries(TOKEN_UNITS).map(([name, unit]) => [unit, times(usdOf(entry[name + suffix]), 1_000_000)]),
  );
}

function mapTiers(entry: Fields): readonly Tier[] {
  const sizes = new Set<number>();
  for (const name of Object.keys(entry)) {
    const thousands = /_above_(\d+)k_tokens$/.exec(name)?.[1];
    if (thousands !== undefined) sizes.add(Number(thousands));
  }
  return [...sizes].map((size) => ({ start: size * 1_000, rates: perToken(entry, `_above_${size}k_tokens`) }));
}

/** A search costs the same for each size of its context, or its price is left open. */
function feesOf(entry: Fields): Rates {
  const searches = Object.values(fields(entry['search_context_cost_per_query'])).map(usdOf);
  const searchUsd = searches.every((usd) => usd === searches[0]) ? searches[0] : undefined;
  const mode = entry['mode'];
  return ratesOf([
    ['web_searches_kcount', times(searchUsd, 1_000)],
    ['storage_searches_kcount', usdOf(entry['file_search_cost_per_1k_calls'])],
    ['image', mode === 'image_generation' ? usdOf(entry['output_cost_per_image']) : undefined],
    [
      'input_audio_hours',
      mode === 'audio_transcription' ? times(usdOf(entry['input_cost_per_second']), 3_600) : undefined,
    ],
    ['speech_mchar', mode === 'audio_speech' ? times(usdOf(entry['input_cost_per_character']), 1_000_000) : undefined],
  ]);
}

const TIER_SUFFIXES = [
  ['flex', '_flex'],
  ['priority', '_priority'],
  ['batch', '_batches'],
] as const;

/** Only of tiers whose input and output differ from the standard price by the same factor. */
function tierFactorsOf(entry: Fields): Readonly<Partial<Record<ServiceTier, number>>> {
  const factors: Partial<Record<ServiceTier, number>> = {};
  for (const [tier, suffix] of TIER_SUFFIXES) {
    const [input, output] = ['input_cost_per_token', 'output_cost_per_token'].map((name) => {
      const [standard, ofTier] = [usdOf(entry[name]), usdOf(entry[name + suffix])];
      return standard === undefined || standard === 0 || ofTier === undefined ? undefined : ofTier / standard;
    });
    if (input === undefined || output === undefined || Math.abs(input - output) > 1e-6) continue;
    factors[tier] = input;
  }
  return factors;
}

type Rates = Readonly<Record<string, number>>;

interface Tier {
  readonly start: number;
  readonly rates: Rates;
}

function ratesOf(entries: readonly (readonly [unit: string, usd: number | undefined])[]): Rates {
  return Object.fromEntries(entries.filter((entry): entry is [string, number] => entry[1] !== undefined));
}

/** `undefined` without any rate. */
function tieredPrice(base: Rates, tiers: readonly Tier[]): RawPrice | undefined {
  const rates = Object.entries(base);
  if (rates.length === 0) return undefined;
  const priced = rates.map(([unit, usd]) => {
    const steps = tiers.flatMap(({ start, rates: { [unit]: price } }) =>
      price === undefined ? [] : [{ start, price }],
    );
    return [unit, steps.length === 0 ? usd : { base: usd, tiers: steps }] as const;
  });
  return Object.fromEntries(priced);
}

/** `undefined` for anything but an amount of money. */
function usdOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** Twelve digits: the last digits of a product of fractions are rounding errors. */
function times(usd: number | undefined, factor: number): number | undefined {
  return usd === undefined ? undefined : Number((usd * factor).toPrecision(12));
}
