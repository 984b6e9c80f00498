/** Resolves the `price` and `prices` options. */

import { checkKeys, checkNumber, checkObject, checkText, formatValue } from '../domain/check.ts';
import type { ListPrice, Price, PriceSource, UpstreamPrice } from '../domain/usage.ts';
import { type DatedPrice, datedPrices } from './prices.ts';
import { isListed } from './price-table.ts';
import { ConfigError } from '../domain/errors.ts';

/** @throws ConfigError */
export function resolvePrices(
  path: string,
  price: UpstreamPrice | readonly UpstreamPrice[] | undefined,
): readonly DatedPrice[] | undefined {
  if (price === undefined) return undefined;
  if (!isList(price)) return datedPrices([checkPrice(path, price)]);
  if (price.length === 0) throw new ConfigError(path, 'should contain at least one price, got an empty list');
  return datedPrices(price.map((entry, index) => checkPrice(`${path}[${index}]`, entry)));
}

/** The prices of upstreams, by name. */
type UpstreamPrices = Readonly<Partial<Record<string, UpstreamPrice | readonly UpstreamPrice[]>>>;

/**
 * Separates the source of a price list from the prices of upstreams, one of which may be called `source`.
 *
 * @throws ConfigError
 */
export function separateSource(
  prices: Readonly<Partial<Record<string, unknown>>> | undefined,
  names: readonly string[],
): { readonly source: PriceSource | undefined; readonly prices: UpstreamPrices | undefined } {
  const stated = prices?.['source'];
  if (prices === undefined || stated === undefined || (typeof stated === 'object' && names.includes('source'))) {
    return { source: undefined, prices: prices as UpstreamPrices | undefined };
  }
  const { source: _, ...others } = prices;
  return { source: checkSource('canary.prices.source', stated), prices: others as UpstreamPrices };
}

function checkSource(path: string, source: unknown): PriceSource {
  if (typeof source === 'function') return source as PriceSource;
  const file = checkText(path, source, 'a file or a function that returns a price list');
  if (!/^https?:/i.test(file)) return file;
  throw new ConfigError(
    path,
    `should be a file or a function, got an address: the client downloads no lists; write () => fetch(address).then((list) => list.json())`,
  );
}

function checkPrice(path: string, price: UpstreamPrice): UpstreamPrice {
  checkObject(path, price);
  if ('multiplier' in price) checkListPrice(path, price);
  else checkTokenPrice(path, price);
  const { from } = price;
  if (from !== undefined && !isDate(from)) {
    throw new ConfigError(`${path}.from`, `should be an ISO 8601 date, such as 2026-01-31, got ${formatValue(from)}`);
  }
  return price;
}

const RATES = [
  'inputPerMTok',
  'outputPerMTok',
  'cachedInputPerMTok',
  'cacheWritePerMTok',
  'audioInputPerMTok',
  'audioOutputPerMTok',
  'cacheWrite1hPerMTok',
  'imageInputPerMTok',
  'imageOutputPerMTok',
  'imageUsd',
  'speechPerMCharUsd',
  'audioPerHourUsd',
  'webSearchUsd',
  'fileSearchUsd',
] as const satisfies readonly (keyof Price)[];

function checkTokenPrice(path: string, price: Price): void {
  checkKeys(path, price, [...RATES, 'serviceTiers', 'from']);
  for (const rate of RATES) {
    const isRequired = rate === 'inputPerMTok' || rate === 'outputPerMTok';
    if (isRequired || price[rate] !== undefined) checkNumber(`${path}.${rate}`, price[rate], { min: 0 });
  }
  if (price.serviceTiers === undefined) return;
  checkKeys(`${path}.serviceTiers`, price.serviceTiers, ['flex', 'priority', 'ultrafast', 'batch', 'other']);
  for (const [tier, factor] of Object.entries(price.serviceTiers)) {
    checkNumber(`${path}.serviceTiers.${tier}`, factor, { min: 0 });
  }
}

function checkListPrice(path: string, price: ListPrice): void {
  checkKeys(path, price, ['multiplier', 'of', 'from']);
  const { multiplier, of: provider } = price;
  checkNumber(`${path}.multiplier`, multiplier, { min: 0 });
  if (provider === undefined) return;
  if (isListed(checkText(`${path}.of`, provider, 'a provider of the price table'))) return;
  throw new ConfigError(
    `${path}.of`,
    `should be a provider of the price table, such as openai, got ${formatValue(provider)}`,
  );
}

/** `Date.parse` accepts far more than ISO 8601, and reads February 30 as March 2. */
function isDate(text: unknown): boolean {
  const day = typeof text === 'string' ? /^\d{4}-\d{2}-\d{2}(?=$|T)/.exec(text)?.[0] : undefined;
  const dayMs = Date.parse(day ?? '');
  if (day === undefined || Number.isNaN(dayMs) || Number.isNaN(Date.parse(String(text)))) return false;
  return new Date(dayMs).toISOString().startsWith(day);
}

function isList(price: UpstreamPrice | readonly UpstreamPrice[]): price is readonly UpstreamPrice[] {
  return Array.isArray(price);
}
