/** A public price in the form that usages are priced by. */

import type { Rates } from './prices.ts';

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
