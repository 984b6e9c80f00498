import { describe, expect, test } from 'vitest';
import type { Price, Usage } from '../../src/domain/usage.ts';
import { findCost, type CostQuery } from '../../src/pricing/cost.ts';
import { datedPrices, ratesOf, ratesUsd } from '../../src/pricing/prices.ts';
import type { PriceTable } from '../../src/pricing/price-table.ts';

const usage: Usage = { inputTokens: 1_000_000, outputTokens: 100_000, cachedInputTokens: 400_000, reasoningTokens: 0 };
const version = { version: '1', date: '2026-01-01' };
const table: PriceTable = { version, tableCostUsd: ({ model }) => (model === 'known' ? 7 : undefined) };
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

describe('the cost is', () => {
  test("the user's price before the provider's figure and the table", () => {
    expect(findCost({ ...query, reportedUsd: 5, prices: datedPrices([price]) })).toEqual({
      costUsd: 2.8,
      source: 'override',
    });
  });

  test("the provider's figure before the table", () => {
    expect(findCost({ ...query, reportedUsd: 5 })).toEqual({ costUsd: 5, source: 'reported' });
    expect(findCost({ ...query, reportedUsd: 0 })).toEqual({ costUsd: 0, source: 'reported' });
  });

  test('else the table’s', () => {
    expect(findCost(query)).toEqual({ costUsd: 7, source: 'table', table: version });
  });

  test('not overridden before the first price begins', () => {
    const prices = datedPrices([{ ...price, from: '2026-11-21' }]);
    expect(findCost({ ...query, prices })).toEqual({ costUsd: 7, source: 'table', table: version });
    expect(findCost({ ...query, prices: [] })).toEqual({ costUsd: 7, source: 'table', table: version });
  });

  test('called estimated where the usage is, unless the provider stated it', () => {
    const guess = { ...query, usageEstimated: true };
    expect(findCost({ ...guess, prices: datedPrices([price]) })).toEqual({ costUsd: 2.8, source: 'estimated' });
    expect(findCost(guess)).toEqual({ costUsd: 7, source: 'estimated', table: version });
    expect(findCost({ ...guess, reportedUsd: 5 })).toEqual({ costUsd: 5, source: 'reported' });
  });
});

describe('a share of the public price', () => {
  const asked: unknown[] = [];
  const listed: PriceTable = { version, tableCostUsd: (of) => (asked.push(of.provider), 7) };
  const relay = { ...query, table: listed, provider: undefined };

  test('is the user’s own price: it wins over what the provider reports', () => {
    expect(findCost({ ...relay, reportedUsd: 5, prices: datedPrices([{ multiplier: 0.5 }]) })).toEqual({
      costUsd: 3.5,
      source: 'override',
      table: version,
    });
  });

  test('is that of another seller where one is named', () => {
    asked.length = 0;
    findCost({ ...relay, provider: 'azure', prices: datedPrices([{ multiplier: 1 }]) });
    findCost({ ...relay, provider: 'azure', prices: datedPrices([{ multiplier: 1, of: 'openai' }]) });
    expect(asked).toEqual(['azure', 'openai']);
  });

  test('holds from its day on, like any other price', () => {
    const prices = datedPrices([price, { multiplier: 2, from: '2026-11-20' }, { multiplier: 3, from: '2026-11-21' }]);
    expect(findCost({ ...relay, prices }).costUsd).toBe(14);
  });

  test('of an unknown price is unknown', () => {
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

// Hand-computed; the relay's prices are those of the articles the project grew from.
test.each([
  ['DeepSeek V3.2 on a relay', { inputPerMTok: 0.42, outputPerMTok: 1.2 }, 0.54],
  ['cached input at its own price', { inputPerMTok: 2, outputPerMTok: 8, cachedInputPerMTok: 0.5 }, 2.2],
  ['cached input for free', { inputPerMTok: 2, outputPerMTok: 8, cachedInputPerMTok: 0 }, 2],
  ['a free model', { inputPerMTok: 0, outputPerMTok: 0 }, 0],
])('a million tokens in, 400,000 of them cached, and 100,000 out: %s', (_, at, costUsd) => {
  expect(ratesUsd(ratesOf(at), usage)).toBeCloseTo(costUsd, 12);
});
