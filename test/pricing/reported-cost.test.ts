import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reportedCostOf } from '../../src/pricing/usage.ts';
import { readReportedCosts, recorded, skipNote, type ReportedCost } from './recorded-bodies.ts';

const tokens = { prompt_tokens: 14, completion_tokens: 7, total_tokens: 21 };

test.each([
  ['OpenRouter, in USD', { ...tokens, cost: 0.00019325, is_byok: false }, 0.00019325],
  ['OpenRouter for a free model', { ...tokens, cost: 0, is_byok: false }, 0],
  ['xAI, in ticks', { ...tokens, cost_in_usd_ticks: 1_721_250 }, 0.000172125],
  ['Perplexity, as a sum of parts', { ...tokens, cost: { input_tokens_cost: 0.001, total_cost: 0.006 } }, 0.006],
])('%s', (_, usage, costUsd) => {
  expect(reportedCostOf({ usage })).toBeCloseTo(costUsd, 12);
});

test('under the customer’s own key the vendor’s bill is added to OpenRouter’s fee', () => {
  const usage = { ...tokens, cost: 0.000001, is_byok: true, cost_details: { upstream_inference_cost: 0.00417 } };
  expect(reportedCostOf({ usage })).toBeCloseTo(0.004171, 12);
  expect(reportedCostOf({ usage: { ...usage, cost_details: { upstream_inference_cost: null } } })).toBeUndefined();
});

test('a cost is found wherever usage is', () => {
  const usage = { input_tokens: 1, output_tokens: 1, cost: 0.5 };
  expect(reportedCostOf({ type: 'response.completed', response: { usage } })).toBe(0.5);
});

test('a body that states no cost, or one that is no amount, reports none', () => {
  expect(reportedCostOf({ usage: tokens })).toBeUndefined();
  for (const cost of [null, '0.1', -1, NaN, Infinity, {}, { total_cost: '1' }]) {
    expect(reportedCostOf({ usage: { ...tokens, cost } })).toBeUndefined();
  }
});

test('whatever the body is, nothing is thrown', () => {
  fc.assert(fc.property(fc.anything(), (odd) => void reportedCostOf(odd)));
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('cost', 'cost_details', 'is_byok'), fc.anything()),
      (odd) => void reportedCostOf({ usage: { ...odd, ...tokens } }),
    ),
  );
});

/** The cost as the recorded usage states it, in USD. */
function statedCost({ usage }: ReportedCost): number {
  if (typeof usage['cost_in_usd_ticks'] === 'number') return usage['cost_in_usd_ticks'] / 1e10;
  const details = usage['cost_details'] as Readonly<Record<string, number>>; // OpenRouter sends them with every cost
  return Number(usage['cost']) + (usage['is_byok'] === true ? Number(details['upstream_inference_cost']) : 0);
}

test.skipIf(!recorded)(`every recorded usage with a cost reports it${skipNote}`, () => {
  const costs = readReportedCosts();
  expect(costs.map(({ usage }) => reportedCostOf({ usage }))).toEqual(costs.map(statedCost));
  expect(costs.length).toBeGreaterThanOrEqual(40);
});
