/** The tier that a call was served at, and what it does to the price. */

import type { ServiceTier } from '../domain/usage.ts';
import { memberOf, type RawUsage } from './find-usage.ts';

/** Where providers name the tier: beside the usage (OpenAI), in a Responses event's response, or within (Anthropic). */
export function serviceTierOf(body: unknown, usage: RawUsage): ServiceTier | undefined {
  const named = memberOf(body, 'service_tier') ?? memberOf(memberOf(body, 'response'), 'service_tier');
  return tierNamed(named ?? usage['service_tier']);
}

/** Only names that are known: others are the usual tier (`default`, `auto`, `standard`, `on_demand`), or nobody's business. */
function tierNamed(name: unknown): ServiceTier | undefined {
  return name === 'flex' || name === 'priority' || name === 'batch' ? name : undefined;
}

/**
 * What is paid for a dollar of the public price; `undefined` where that is not known. OpenAI bills flex as batches, at half the price
 * (https://platform.openai.com/docs/guides/flex-processing); its priority tier has prices of its own, which the table does not
 * have. With others tiers of the same names cost the same, or nobody knows.
 */
export function tierMultiplier(tier: ServiceTier | undefined, provider: string): number | undefined {
  if (tier === undefined || provider !== 'openai') return 1;
  return tier === 'priority' ? undefined : 0.5;
}
