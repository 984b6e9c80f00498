import { describe, expect, test } from 'vitest';
import type { Price, Usage } from '../../src/domain/usage.ts';
import { findCost, type CostQuery } from '../../src/pricing/cost.ts';
import { datedPrices } from '../../src/pricing/prices.ts';
import { ratesOf, ratesUsd } from '../../src/pricing/rates.ts';

const usage: Usage = { inputTokens: 1_000_000, outputTokens: 100_000, cachedInputTokens: 400_000, reasoningTokens: 0 };
const version = { version: '1', date: '2026-01-01' };
const table: CostQuery['table'] = { version, tableCostUsd: ({ model }) => (model === 'known' ? 7 : undefined) };
const query: CostQuery = {
  reportedUsd: undefined,
  usage,
  model: 'known',
  prices: undefined,
  table,
  provider: 'openai',
  baseURL: undefined,
  atMs: Date.UTC(2026, 10, 20),
};
const price: Price = { inputPerMTok: 2, outputPerMTok: 8 };

describe('findCost uses', () => {
  test("the user's price before the reported cost and the table", () => {
    expect(findCost({ ...query, reportedUsd: 5, prices: datedPrices([price]) })).toEqual({
      costUsd: 2.8,
      source: 'override',
    });
  });

  test('the reported cost before the table', () => {
    expect(findCost({ ...query, reportedUsd: 5 })).toEqual({ costUsd: 5, source: 'reported' });
    expect(findCost({ ...query, reportedUsd: 0 })).toEqual({ costUsd: 0, source: 'reported' });
  });

  test('the table if there is no other source', () => {
    expect(findCost(query)).toEqual({ costUsd: 7, source: 'table', table: version });
  });

  test('the table before the first price of the user is valid', () => {
    const prices = datedPrices([{ ...price, from: '2026-11-21' }]);
    expect(findCost({ ...query, prices })).toEqual({ costUsd: 7, source: 'table', table: version });
    expect(findCost({ ...query, prices: [] })).toEqual({ costUsd: 7, source: 'table', table: version });
  });

  test("source 'estimated' for estimated usage, unless the provider reported the cost", () => {
    const guess = { ...query, usageEstimated: true };
    expect(findCost({ ...guess, prices: datedPrices([price]) })).toEqual({ costUsd: 2.8, source: 'estimated' });
    expect(findCost(guess)).toEqual({ costUsd: 7, source: 'estimated', table: version });
    expect(findCost({ ...guess, reportedUsd: 5 })).toEqual({ costUsd: 5, source: 'reported' });
  });
});

describe('a multiple of the public price', () => {
  const asked: unknown[] = [];
  const listed: CostQuery['table'] = { version, tableCostUsd: (of) => (asked.push(of.provider), 7) };
  const relay = { ...query, table: listed, provider: undefined };

  test('takes precedence over a reported cost, like any price of the user', () => {
    expect(findCost({ ...relay, reportedUsd: 5, prices: datedPrices([{ multiplier: 0.5 }]) })).toEqual({
      costUsd: 3.5,
      source: 'override',
      table: version,
    });
  });

  test('can refer to the price of another provider', () => {
    asked.length = 0;
    findCost({ ...relay, provider: 'azure', prices: datedPrices([{ multiplier: 1 }]) });
    findCost({ ...relay, provider: 'azure', prices: datedPrices([{ multiplier: 1, of: 'openai' }]) });
    expect(asked).toEqual(['azure', 'openai']);
  });

  test('is valid from its date, like any other price', () => {
    const prices = datedPrices([price, { multiplier: 2, from: '2026-11-20' }, { multiplier: 3, from: '2026-11-21' }]);
    expect(findCost({ ...relay, prices }).costUsd).toBe(14);
  });

  test('is unknown if the public price is unknown', () => {
    expect(findCost({ ...query, model: 'unknown', prices: datedPrices([{ multiplier: 1 }]) })).toEqual({
      costUsd: null,
      source: null,
    });
  });
});

test.each([
  ['price', { ...query, model: 'unknown' }],
  ['model', { ...query, model: undefined }],
  ['usage', { ...query, usage: undefined }],
  ['usage under an override', { ...query, usage: undefined, reportedUsd: 5, prices: datedPrices([price]) }],
])('an unknown %s makes the cost null, never 0', (_, unknown) => {
  expect(findCost(unknown)).toEqual({ costUsd: null, source: null });
});

// Computed by hand; the relay's prices come from the articles that the project is based on.
test.each([
  ['DeepSeek V3.2 on a relay', { inputPerMTok: 0.42, outputPerMTok: 1.2 }, 0.54],
  ['cached input at its own price', { inputPerMTok: 2, outputPerMTok: 8, cachedInputPerMTok: 0.5 }, 2.2],
  ['cached input for free', { inputPerMTok: 2, outputPerMTok: 8, cachedInputPerMTok: 0 }, 2],
  ['a free model', { inputPerMTok: 0, outputPerMTok: 0 }, 0],
])('prices 1,000,000 input tokens, 400,000 of them cached, and 100,000 output tokens: %s', (_, at, costUsd) => {
  expect(ratesUsd(ratesOf(at), usage)).toBeCloseTo(costUsd, 12);
});

describe('a cost says what it leaves out', () => {
  const rates = (more: Partial<Price> = {}) => datedPrices([{ ...price, ...more }]);

  test('fees of tools without a price', () => {
    const searched = { ...query, usage: { ...usage, webSearches: 2 } };
    expect(findCost({ ...searched, prices: rates() })).toEqual({
      costUsd: 2.8,
      source: 'override',
      missing: ['tool fees'],
    });
    const priced = findCost({ ...searched, prices: rates({ webSearchUsd: 0.01 }) });
    expect(priced).toEqual({ costUsd: expect.closeTo(2.82, 9), source: 'override' });
  });

  test('the service tier, unless the price states its factor', () => {
    const flex = { ...query, usage: { ...usage, serviceTier: 'flex' as const } };
    expect(findCost({ ...flex, prices: rates() })).toMatchObject({ costUsd: 2.8, missing: ['service tier'] });
    expect(findCost({ ...flex, prices: rates({ serviceTiers: { flex: 0.5 } }) })).toEqual({
      costUsd: 1.4,
      source: 'override',
    });
  });

  test('a cost that the provider reports is complete', () => {
    const searched = { ...query, usage: { ...usage, webSearches: 2 }, reportedUsd: 5 };
    expect(findCost(searched)).toEqual({ costUsd: 5, source: 'reported' });
  });
});
