import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reportedCostOf } from '../../src/pricing/usage.ts';
import { readReportedCosts, recorded, skipNote, type ReportedCost } from './recorded-bodies.ts';

const tokens = { prompt_tokens: 14, completion_tokens: 7, total_tokens: 21 };

test.each([
  ['OpenRouter, in USD', { ...tokens, cost: 0.00019325, is_byok: false }, 0.00019325],
  ['OpenRouter for a free model', { ...tokens, cost: 0, is_byok: false }, 0],
  ['xAI, in ticks', { ...tokens, cost_in_usd_ticks: 1_721_250 }, 0.000172125],
  [
    'Perplexity, as an object with the total',
    { ...tokens, cost: { input_tokens_cost: 0.001, total_cost: 0.006 } },
    0.006,
  ],
])('reads the cost of %s', (_, usage, costUsd) => {
  expect(reportedCostOf({ usage })).toBeCloseTo(costUsd, 12);
});

test('adds the vendor’s cost to OpenRouter’s fee if the customer uses an own key', () => {
  const usage = { ...tokens, cost: 0.000001, is_byok: true, cost_details: { upstream_inference_cost: 0.00417 } };
  expect(reportedCostOf({ usage })).toBeCloseTo(0.004171, 12);
  expect(reportedCostOf({ usage: { ...usage, cost_details: { upstream_inference_cost: null } } })).toBeUndefined();
});

test('finds a cost wherever usage is found', () => {
  const usage = { input_tokens: 1, output_tokens: 1, cost: 0.5 };
  expect(reportedCostOf({ type: 'response.completed', response: { usage } })).toBe(0.5);
});

test('is undefined if the body has no cost or an invalid one', () => {
  expect(reportedCostOf({ usage: tokens })).toBeUndefined();
  for (const cost of [null, '0.1', -1, NaN, Infinity, {}, { total_cost: '1' }]) {
    expect(reportedCostOf({ usage: { ...tokens, cost } })).toBeUndefined();
  }
});

test('never throws', () => {
  fc.assert(fc.property(fc.anything(), (odd) => void reportedCostOf(odd)));
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('cost', 'cost_details', 'is_byok'), fc.anything()),
      (odd) => void reportedCostOf({ usage: { ...odd, ...tokens } }),
    ),
  );
});

/** The cost in the recorded usage, in USD. */
function statedCost({ usage }: ReportedCost): number {
  if (typeof usage['cost_in_usd_ticks'] === 'number') return usage['cost_in_usd_ticks'] / 1e10;
  const details = usage['cost_details'] as Readonly<Record<string, number>>; // OpenRouter sends them with every cost
  return Number(usage['cost']) + (usage['is_byok'] === true ? Number(details['upstream_inference_cost']) : 0);
}

test.skipIf(!recorded)(`reads the cost of every recorded usage that has one${skipNote}`, () => {
  const costs = readReportedCosts();
  expect(costs.map(({ usage }) => reportedCostOf({ usage }))).toEqual(costs.map(statedCost));
  expect(costs.length).toBeGreaterThanOrEqual(40);
});
