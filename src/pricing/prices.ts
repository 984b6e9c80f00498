/** Prices per kind of token: the user's, those of the bundled list, and the cost of a usage at them. */

import type { Price, UpstreamPrice, Usage } from '../domain/usage.ts';

/** USD per million tokens. A part without a rate of its own has the rate of the whole: cached input that of `input`, and so on. */
export interface Rates {
  /** `undefined`: input has no known price, and neither has a call with input tokens. The same holds for `output`. */
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cachedInput: number | undefined;
  readonly cacheWrite: number | undefined;
  readonly audioInput: number | undefined;
  readonly cachedAudioInput: number | undefined;
  readonly audioOutput: number | undefined;
  readonly reasoning: number | undefined;
  /** USD per call, regardless of its size. */
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

/** The cost of a usage in USD; `undefined` if some of its tokens have no rate. A part is never counted above its whole. */
export function ratesUsd(rates: Rates, usage: Usage): number | undefined {
  const { inputTokens, outputTokens } = usage;
  if (rates.input === undefined && inputTokens > 0) return undefined;
  if (rates.output === undefined && outputTokens > 0) return undefined;
  const costUsd = (inputMicroUsd(rates, usage) + outputMicroUsd(rates, usage)) / 1_000_000 + rates.perCallUsd;
  return Number.isFinite(costUsd) ? costUsd : undefined;
}

/** Cached tokens count as text before they count as audio: providers that report both do not report how they overlap. */
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

/** A user's price, valid from `fromMs` (ms since the Unix epoch): its own rates, or a multiple of the public list. */
export type DatedPrice =
  | { readonly kind: 'rates'; readonly fromMs: number; readonly rates: Rates }
  | { readonly kind: 'list'; readonly fromMs: number; readonly multiplier: number; readonly of: string | undefined };

/** Orders prices by their start. A price without `from` is valid until the next one starts; a price with an invalid date is dropped. */
export function datedPrices(prices: readonly UpstreamPrice[]): readonly DatedPrice[] {
  const valid = prices.map(dated).filter(({ fromMs }) => !Number.isNaN(fromMs));
  // Of two prices with the same start, the later in the list applies. Equal starts are compared first: -Infinity - -Infinity is NaN.
  return valid.toSorted((a, b) => (a.fromMs === b.fromMs ? 0 : a.fromMs - b.fromMs));
}

/** The price that is valid at `atMs`. */
export function priceAt(prices: readonly DatedPrice[], atMs: number): DatedPrice | undefined {
  let index = prices.length - 1;
  while (index >= 0 && prices[index]!.fromMs > atMs) index -= 1; // the index is in range
  return prices[index];
}

function dated(price: UpstreamPrice): DatedPrice {
  const fromMs = price.from === undefined ? -Infinity : Date.parse(price.from);
  if ('multiplier' in price) return { kind: 'list', fromMs, multiplier: price.multiplier, of: price.of };
  return { kind: 'rates', fromMs, rates: ratesOf(price) };
}

/** A price of the bundled list, keyed by the list's names of units. A structural type: only `price-table.ts` imports the library. */
export type RawPrice = Readonly<
  Record<string, number | { readonly base: number; readonly tiers: readonly Tier[] } | undefined>
>;

interface Tier {
  readonly start: number;
  readonly price: number;
}

/** Rates by input size: the entry with the largest `from` below the number of input tokens applies to all tokens of the call. */
export type ListedPrice = readonly { readonly from: number; readonly rates: Rates }[];

/** One entry per tier of any rate, ascending. Rates per second or per page are ignored. */
export function listedPrice(price: RawPrice): ListedPrice {
  const starts = new Set<number>([-1]);
  for (const rate of Object.values(price)) {
    if (typeof rate === 'object') for (const { start } of rate.tiers) starts.add(start);
  }
  return [...starts].toSorted((a, b) => a - b).map((from) => ({ from, rates: ratesFrom(price, from) }));
}

/** The rates for this number of input tokens. */
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
