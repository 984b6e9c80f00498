/** Prices by what the tokens are, and what a usage costs at them. */

import type { Price, UpstreamPrice, Usage } from '../domain/usage.ts';

/** USD per million tokens. What is left out has the rate of the whole that it is a part of. */
export interface Rates {
  /** `undefined`: tokens of input have no price, and a call that has any has none. The same for `output`. */
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cachedInput: number | undefined;
  readonly cacheWrite: number | undefined;
  readonly audioInput: number | undefined;
  readonly cachedAudioInput: number | undefined;
  readonly audioOutput: number | undefined;
  readonly reasoning: number | undefined;
  /** USD for a call, whatever its size. */
  readonly perCallUsd: number;
}

/** A user's price as rates. */
export function ratesOf(price: Price): Rates {
  return {
    input: price.inputPerMTok,
    output: price.outputPerMTok,
    cachedInput: price.cachedInputPerMTok,
    cacheWrite: price.cacheWritePerMTok,
    audioInput: price.audioInputPerMTok,
    cachedAudioInput: undefined,
    audioOutput: price.audioOutputPerMTok,
    reasoning: undefined,
    perCallUsd: 0,
  };
}

/** The cost in USD of a usage; `undefined` where tokens that it counts have no rate. Parts never exceed their whole. */
export function ratesUsd(rates: Rates, usage: Usage): number | undefined {
  const { inputTokens, outputTokens } = usage;
  if (rates.input === undefined && inputTokens > 0) return undefined;
  if (rates.output === undefined && outputTokens > 0) return undefined;
  const costUsd = (inputMicroUsd(rates, usage) + outputMicroUsd(rates, usage)) / 1_000_000 + rates.perCallUsd;
  return Number.isFinite(costUsd) ? costUsd : undefined;
}

/** What is cached is taken for text first: providers that tell both do not tell how they overlap. */
function inputMicroUsd(
  rates: Rates,
  { inputTokens, cachedInputTokens, cacheWriteTokens, audioInputTokens }: Usage,
): number {
  const { input = 0, cachedInput = input } = rates;
  const cached = Math.min(cachedInputTokens, inputTokens);
  if (cacheWriteTokens === undefined && audioInputTokens === undefined) {
    return (inputTokens - cached) * input + cached * cachedInput;
  }
  const audio = Math.min(audioInputTokens ?? 0, inputTokens);
  const cachedText = Math.min(cached, inputTokens - audio);
  const written = Math.min(cacheWriteTokens ?? 0, inputTokens - audio - cachedText);
  const audioRate = rates.audioInput ?? input;
  const cachedAudio = cached - cachedText;
  return (
    (inputTokens - audio - cachedText - written) * input +
    cachedText * cachedInput +
    written * (rates.cacheWrite ?? input) +
    (audio - cachedAudio) * audioRate +
    cachedAudio * (rates.cachedAudioInput ?? rates.cachedInput ?? audioRate)
  );
}

function outputMicroUsd(rates: Rates, { outputTokens, reasoningTokens, audioOutputTokens }: Usage): number {
  const { output = 0 } = rates;
  const audio = Math.min(audioOutputTokens ?? 0, outputTokens);
  const reasoning = Math.min(reasoningTokens, outputTokens - audio);
  return (
    (outputTokens - audio - reasoning) * output +
    audio * (rates.audioOutput ?? output) +
    reasoning * (rates.reasoning ?? output)
  );
}

/* PART: The user's prices of an upstream, as they are applied. */

/** A price from a moment on, in ms since the Unix epoch: rates of its own, or those of the public list, multiplied. */
export type DatedPrice =
  | { readonly kind: 'rates'; readonly fromMs: number; readonly rates: Rates }
  | { readonly kind: 'list'; readonly fromMs: number; readonly multiplier: number; readonly of: string | undefined };

/** In the order in which they begin; one without `from` holds until another does, one whose `from` is no date never. */
export function datedPrices(prices: readonly UpstreamPrice[]): readonly DatedPrice[] {
  const begin = prices.map(dated).filter(({ fromMs }) => !Number.isNaN(fromMs));
  // Of two that begin at once the later one holds. Infinity less itself is no number.
  return begin.toSorted((a, b) => (a.fromMs === b.fromMs ? 0 : a.fromMs - b.fromMs));
}

/** The last that has begun at `atMs`. */
export function priceAt(prices: readonly DatedPrice[], atMs: number): DatedPrice | undefined {
  let index = prices.length - 1;
  while (index >= 0 && prices[index]!.fromMs > atMs) index -= 1; // within the list
  return prices[index];
}

function dated(price: UpstreamPrice): DatedPrice {
  const fromMs = price.from === undefined ? -Infinity : Date.parse(price.from);
  if ('multiplier' in price) return { kind: 'list', fromMs, multiplier: price.multiplier, of: price.of };
  return { kind: 'rates', fromMs, rates: ratesOf(price) };
}

/* PART: A public price in the form that usages are priced by. */

/** A price of the bundled list, by its name for the units. Structural: only `price-table.ts` knows the library. */
export type RawPrice = Readonly<
  Record<string, number | { readonly base: number; readonly tiers: readonly Tier[] } | undefined>
>;

interface Tier {
  readonly start: number;
  readonly price: number;
}

/** Rates that depend on the size of the input: the entry with the largest `from` below it holds, for all tokens of the call. */
export type ListedPrice = readonly { readonly from: number; readonly rates: Rates }[];

/** All the tiers that any of the rates has, ascending. A price that counts seconds or pages says nothing about tokens. */
export function listedPrice(price: RawPrice): ListedPrice {
  const starts = new Set<number>([-1]);
  for (const rate of Object.values(price)) {
    if (typeof rate === 'object') for (const { start } of rate.tiers) starts.add(start);
  }
  return [...starts].toSorted((a, b) => a - b).map((from) => ({ from, rates: ratesFrom(price, from) }));
}

/** The rates for an input of this size. */
export function ratesFor(price: ListedPrice, inputTokens: number): Rates | undefined {
  let index = price.length - 1;
  while (index > 0 && inputTokens <= (price[index]?.from ?? 0)) index -= 1;
  return price[index]?.rates;
}

function ratesFrom(price: RawPrice, from: number): Rates {
  const rate = (unit: string): number | undefined => rateAt(price[unit], from);
  return {
    input: rate('input_mtok'),
    output: rate('output_mtok'),
    cachedInput: rate('cache_read_mtok'),
    cacheWrite: rate('cache_write_mtok'),
    audioInput: rate('input_audio_mtok'),
    cachedAudioInput: rate('cache_audio_read_mtok'),
    audioOutput: rate('output_audio_mtok'),
    reasoning: rate('output_reasoning_mtok'),
    perCallUsd: (rate('requests_kcount') ?? 0) / 1_000,
  };
}

/** The rate of the highest tier that begins at or below `from`. */
function rateAt(rate: RawPrice[string], from: number): number | undefined {
  if (rate === undefined || typeof rate === 'number') return rate;
  let tierRate = rate.base;
  let tierStart = -1;
  for (const { start, price } of rate.tiers)
    if (start <= from && start > tierStart) [tierRate, tierStart] = [price, start];
  return tierRate;
}
