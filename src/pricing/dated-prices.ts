/** The user's prices of an upstream, as they are applied. */

import type { UpstreamPrice } from '../domain/usage.ts';
import { ratesOf, type Rates } from './prices.ts';

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
