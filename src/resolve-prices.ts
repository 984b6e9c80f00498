/** Checks prices. */

import { checkKeys, checkNumber, show } from './check.ts';
import type { Price } from './domain/usage.ts';
import { ConfigError } from './upstream/errors.ts';

/**
 * The prices as a list.
 *
 * @throws ConfigError
 */
export function checkPrices(path: string, price: Price | readonly Price[] | undefined): readonly Price[] | undefined {
  if (price === undefined) return undefined;
  if (!isList(price)) return [checkPrice(path, price)];
  if (price.length === 0) throw new ConfigError(path, 'should hold a price, got an empty list');
  return price.map((entry, index) => checkPrice(`${path}[${index}]`, entry));
}

function checkPrice(path: string, price: Price): Price {
  checkKeys(path, price, ['inputPerMTok', 'outputPerMTok', 'cachedInputPerMTok', 'from']);
  const { inputPerMTok, outputPerMTok, cachedInputPerMTok, from } = price;
  checkNumber(`${path}.inputPerMTok`, inputPerMTok, { min: 0 });
  checkNumber(`${path}.outputPerMTok`, outputPerMTok, { min: 0 });
  if (cachedInputPerMTok !== undefined) checkNumber(`${path}.cachedInputPerMTok`, cachedInputPerMTok, { min: 0 });
  if (from !== undefined && !isDate(from)) {
    throw new ConfigError(`${path}.from`, `should be an ISO 8601 date, such as 2026-01-31, got ${show(from)}`);
  }
  return price;
}

/** `Date.parse` takes much more than ISO 8601, and the 30th of February for the 2nd of March. */
function isDate(text: unknown): boolean {
  const day = typeof text === 'string' ? /^\d{4}-\d{2}-\d{2}(?=$|T)/.exec(text)?.[0] : undefined;
  const dayMs = Date.parse(day ?? '');
  if (day === undefined || Number.isNaN(dayMs) || Number.isNaN(Date.parse(String(text)))) return false;
  return new Date(dayMs).toISOString().startsWith(day);
}

function isList(price: Price | readonly Price[]): price is readonly Price[] {
  return Array.isArray(price);
}
