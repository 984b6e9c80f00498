/** The prices that are valid at a time: the user's, and those of the bundled list. */

import type { Price, UpstreamPrice } from '../domain/usage.ts';
import { type Rates, ratesOf } from './rates.ts';

/** A user's price, valid from `fromMs` (ms since the Unix epoch): its own rates, or a multiple of the public list. */
export type DatedPrice =
  | {
      readonly kind: 'rates';
      readonly fromMs: number;
      readonly rates: Rates;
      /** Factors on the price of tokens by service tier. */
      readonly serviceTiers?: Price['serviceTiers'];
    }
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
  return { kind: 'rates', fromMs, rates: ratesOf(price), serviceTiers: price.serviceTiers };
}

/**
 * A price of a list, keyed by the units of the bundled list. `null`: the tokens are billed at a rate of their own that is not known.
 * A structural type: only `price-table.ts` imports the library.
 */
export type RawPrice = Readonly<Record<string, RawRate>>;

type RawRate = number | null | { readonly base: number; readonly tiers: readonly Tier[] } | undefined;

interface Tier {
  readonly start: number;
  readonly price: number | null;
}

/** Rates by input size: the entry with the largest `from` below the number of input tokens applies to all tokens of the call. */
export type ListedPrice = readonly { readonly from: number; readonly rates: Rates }[];

/** One entry per tier of any rate, ascending. Rates per page are ignored. */
export function listedPrice(price: RawPrice): ListedPrice {
  const starts = new Set<number>([-1]);
  for (const rate of Object.values(price)) {
    if (typeof rate === 'object' && rate !== null) for (const { start } of rate.tiers) starts.add(start);
  }
  return [...starts].toSorted((a, b) => a - b).map((from) => ({ from, rates: ratesFrom(price, from) }));
}

/** The rates for this number of input tokens. */
export function ratesFor(price: ListedPrice, inputTokens: number): Rates | undefined {
  let index = price.length - 1;
  while (index > 0 && inputTokens <= (price[index]?.from ?? 0)) index -= 1;
  return price[index]?.rates;
}

/**
 * Audio and generated images cost a multiple of text, so without a rate of their own in the list they have no known price. Images in the
 * input are billed as text unless the list says otherwise (https://platform.openai.com/docs/guides/images-vision).
 */
function ratesFrom(price: RawPrice, from: number): Rates {
  const rate = (unit: string): number | null | undefined => rateAt(price[unit], from);
  const known = (unit: string): number | undefined => rate(unit) ?? undefined;
  const perThousand = (unit: string): number | undefined => {
    const perThousandUsd = known(unit);
    return perThousandUsd === undefined ? undefined : perThousandUsd / 1_000;
  };
  return {
    input: known('input_mtok'),
    output: known('output_mtok'),
    cachedInput: rate('cache_read_mtok'),
    cacheWrite: rate('cache_write_mtok'),
    cacheWrite1h: known('cache_write_1h_mtok'),
    audioInput: rate('input_audio_mtok') ?? null,
    cachedAudioInput: rate('cache_audio_read_mtok'),
    audioOutput: rate('output_audio_mtok') ?? null,
    imageInput: rate('input_image_mtok'),
    cachedImageInput: rate('cache_image_read_mtok'),
    imageOutput: rate('output_image_mtok') ?? null,
    reasoning: rate('output_reasoning_mtok'),
    audioInputPerHourUsd: known('input_audio_hours') ?? known('audio_hours'),
    imageUsd: known('image'),
    speechPerMCharUsd: known('speech_mchar'),
    webSearchUsd: perThousand('web_searches_kcount'),
    fileSearchUsd: perThousand('storage_searches_kcount'),
    perCallUsd: perThousand('requests_kcount') ?? 0,
  };
}

/** The rate of the highest tier that begins at or below `from`. */
function rateAt(rate: RawRate, from: number): number | null | undefined {
  if (rate === undefined || rate === null || typeof rate === 'number') return rate;
  let tierRate: number | null = rate.base;
  let tierStart = -1;
  for (const { start, price } of rate.tiers)
    if (start <= from && start > tierStart) [tierRate, tierStart] = [price, start];
  return tierRate;
}
