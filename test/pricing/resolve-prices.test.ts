import { describe, expect, test } from 'vitest';
import { resolvePrices } from '../../src/pricing/resolve-prices.ts';
import { resolveOptions } from '../../src/runtime/resolve-options.ts';
import { datedPrices } from '../../src/pricing/prices.ts';
import { refusalOf } from '../support/message-of.ts';

const PRICE = { inputPerMTok: 2, outputPerMTok: 8 };
const LATER = { inputPerMTok: 1, outputPerMTok: 4, cachedInputPerMTok: 0, from: '2026-02-01' };

test('a single price is a list of one', () => {
  expect(resolvePrices('price', PRICE)).toEqual(datedPrices([PRICE]));
  expect(resolvePrices('price', [PRICE, LATER])).toEqual(datedPrices([PRICE, LATER]));
  expect(resolvePrices('price', undefined)).toBeUndefined();
});

test('accepts a multiple of the public price', () => {
  const shares = [{ multiplier: 0.85 }, { multiplier: 1.05, of: 'openai', from: '2026-02-01' }];
  expect(resolvePrices('price', shares)).toEqual(datedPrices(shares));
});

test('accepts rates of 0', () => {
  expect(resolvePrices('price', { inputPerMTok: 0, outputPerMTok: 0 })).toEqual(
    datedPrices([{ inputPerMTok: 0, outputPerMTok: 0 }]),
  );
});

test.each(['2026-01-31', '2028-02-29', '2026-01-31T12:00:00Z', '2026-01-31T12:00:00.5+02:00'])(
  'accepts a price from %s',
  (from) => {
    expect(resolvePrices('price', { ...PRICE, from })).toEqual(datedPrices([{ ...PRICE, from }]));
  },
);

test.each([
  '2026-02-30',
  '2026-13-01',
  '2026-1-1',
  '2026',
  '01/31/2026',
  '31 January 2026',
  '1',
  '',
  '2026-01-31 12:00',
  '2026-01-31Tnoon',
  1_769_817_600_000,
  new Date(0),
  null,
])('rejects the date %j', (from) => {
  expect(refusalOf({ prices: { gemini: { ...PRICE, from } } })).toMatch(
    /^canary\.prices\.gemini\.from should be an ISO 8601 date, such as 2026-01-31, got /,
  );
});

test.each([
  [{}, 'canary.prices.gemini.inputPerMTok should be a non-negative number, got undefined'],
  [{ inputPerMTok: 1 }, 'canary.prices.gemini.outputPerMTok should be a non-negative number, got undefined'],
  [{ ...PRICE, inputPerMTok: -1 }, 'canary.prices.gemini.inputPerMTok should be a non-negative number, got -1'],
  [{ ...PRICE, outputPerMTok: '8' }, 'canary.prices.gemini.outputPerMTok should be a non-negative number, got "8"'],
  [
    { ...PRICE, cachedInputPerMTok: Number.NaN },
    'canary.prices.gemini.cachedInputPerMTok should be a non-negative number, got NaN',
  ],
  [
    { ...PRICE, audioInputPerMTok: -1 },
    'canary.prices.gemini.audioInputPerMTok should be a non-negative number, got -1',
  ],
  [{ multiplier: -1 }, 'canary.prices.gemini.multiplier should be a non-negative number, got -1'],
  [
    { multiplier: 1, of: 'unknown' },
    'canary.prices.gemini.of should be a provider of the price table, such as openai, got "unknown"',
  ],
  [{ multiplier: 1, of: '' }, 'canary.prices.gemini.of should be a provider of the price table, got ""'],
  [{ multiplier: 1, inputPerMTok: 2 }, 'canary.prices.gemini.inputPerMTok is not an option'],
  [
    { multiplier: 1, from: 'soon' },
    'canary.prices.gemini.from should be an ISO 8601 date, such as 2026-01-31, got "soon"',
  ],
  [null, 'canary.prices.gemini should be an object, got null'],
  [5, 'canary.prices.gemini should be an object, got 5'],
  [[], 'canary.prices.gemini should contain at least one price, got an empty list'],
  [[PRICE, null], 'canary.prices.gemini[1] should be an object, got null'],
  [
    [PRICE, { ...PRICE, from: 'soon' }],
    'canary.prices.gemini[1].from should be an ISO 8601 date, such as 2026-01-31, got "soon"',
  ],
])('rejects %j', (price, message) => {
  expect(refusalOf({ prices: { gemini: price } })).toBe(message);
});

describe('the price of an upstream', () => {
  const upstreams = { gemini: { provider: 'gemini', apiKey: 'key', price: PRICE } } as const;
  const pricesOf = (name: string, canary: object) =>
    resolveOptions({ upstreams, ...canary }, {}).upstreams.find((upstream) => upstream.name === name)?.pricing.prices;

  test('can be part of the upstream’s options', () => {
    expect(pricesOf('gemini', {})).toEqual(datedPrices([PRICE]));
    expect(pricesOf('openai', {})).toBeUndefined();
  });

  test('is overridden by `prices`, which also covers the client itself', () => {
    expect(pricesOf('gemini', { prices: { gemini: LATER, openai: PRICE } })).toEqual(datedPrices([LATER]));
    expect(pricesOf('openai', { prices: { gemini: LATER, openai: PRICE } })).toEqual(datedPrices([PRICE]));
  });

  test('is checked even if `prices` overrides it', () => {
    const wrong = { gemini: { ...upstreams.gemini, price: { inputPerMTok: 1 } } };
    expect(refusalOf({ upstreams: wrong, prices: { gemini: PRICE } })).toBe(
      'canary.upstreams.gemini.price.outputPerMTok should be a non-negative number, got undefined',
    );
  });
});
