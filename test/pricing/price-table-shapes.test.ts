import { updatePrices, type ModelPrice } from '@pydantic/genai-prices';
import { expect, test } from 'vitest';
import { PriceTable } from '../../src/pricing/price-table.ts';

/** The cost of a usage at this price, which replaces the bundled list in the process of this test file only. */
function costAt(prices: ModelPrice, inputTokens: number, outputTokens: number): number | undefined {
  const model = { id: 'm', match: { equals: 'm' }, prices };
  const provider = { id: 'p', name: 'P', api_pattern: 'https://p\\.example', models: [model] };
  updatePrices(({ setProviderData }) => setProviderData([provider]));
  const usage = { inputTokens, outputTokens, cachedInputTokens: 0, reasoningTokens: 0 };
  return new PriceTable().tableCostUsd({ provider: 'p', model: 'm', usage, atMs: 0 });
}

const tiers = { base: 1, tiers: [{ start: 200, price: 4 }, { start: 100, price: 2 }] }; // prettier-ignore

test('a tier applies to the whole input above its start, in any order of the tiers', () => {
  expect(costAt({ input_mtok: tiers }, 100, 0)).toBeCloseTo(100e-6, 12);
  expect(costAt({ input_mtok: tiers }, 101, 0)).toBeCloseTo(202e-6, 12);
  expect(costAt({ input_mtok: tiers }, 201, 0)).toBeCloseTo(804e-6, 12);
});

test('the input size selects the tier of the output', () => {
  expect(costAt({ input_mtok: 0, output_mtok: tiers }, 150, 10)).toBeCloseTo(20e-6, 12);
  expect(costAt({ input_mtok: 0, output_mtok: tiers }, 50, 300)).toBeCloseTo(300e-6, 12);
});

test('tokens without a rate make the cost unknown, but a missing rate without tokens does not', () => {
  expect(costAt({ input_mtok: 1 }, 10, 1)).toBeUndefined();
  expect(costAt({ output_mtok: 1 }, 1, 10)).toBeUndefined();
  expect(costAt({ input_mtok: 1 }, 10, 0)).toBeCloseTo(10e-6, 12);
  expect(costAt({}, 1, 1)).toBeUndefined();
});

test('the cost of a free model is 0, not unknown', () => {
  expect(costAt({ input_mtok: 0, output_mtok: 0 }, 10, 10)).toBe(0);
});

test('the cost includes a fee per call', () => {
  expect(costAt({ input_mtok: 1, output_mtok: 1, requests_kcount: 5 }, 10, 10)).toBeCloseTo(0.00502, 12);
});

test('a price that the library rejects is unknown', () => {
  expect(costAt({ input_mtok: -1, output_mtok: 1 }, 10, 10)).toBeUndefined();
});
