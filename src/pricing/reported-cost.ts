/** Reads the cost that a provider itself states. */

import { findUsage, memberOf, type RawUsage } from './find-usage.ts';

/** xAI counts money in ticks of 10⁻¹⁰ USD (https://docs.x.ai/docs/api-reference). */
const TICKS_PER_USD = 1e10;

/**
 * What the provider says the call cost, in USD; `undefined` where it says nothing. Takes a whole response body or one
 * chunk of a stream; never throws. Known: OpenRouter's `usage.cost`, Perplexity's `usage.cost.total_cost`, xAI's
 * `usage.cost_in_usd_ticks`.
 */
export function reportedCostOf(body: unknown): number | undefined {
  const usage = findUsage(body);
  if (usage === undefined) return undefined;
  const ticks = usd(usage['cost_in_usd_ticks']);
  if (ticks !== undefined) return ticks / TICKS_PER_USD;
  return usd(memberOf(usage['cost'], 'total_cost')) ?? costWithFeeOf(usage);
}

/**
 * Under the customer's own key (`is_byok`) OpenRouter's `cost` is its fee alone, and the vendor bills the rest to the
 * customer (https://openrouter.ai/docs/use-cases/usage-accounting).
 */
function costWithFeeOf(usage: RawUsage): number | undefined {
  const cost = usd(usage['cost']);
  if (cost === undefined || usage['is_byok'] !== true) return cost;
  const vendorCost = usd(memberOf(usage['cost_details'], 'upstream_inference_cost'));
  return vendorCost === undefined ? undefined : cost + vendorCost;
}

function usd(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
