/** What service tiers cost, as factors on the standard prices of tokens. */

import type { ServiceTier } from '../domain/usage.ts';

/**
 * The factor between a tier's price and the standard price of a model; `undefined` if it is unknown.
 *
 * - OpenAI bills flex and batches at half the price (https://platform.openai.com/docs/guides/flex-processing); for `priority` see below.
 * - Google bills flex and batches at half the price (https://ai.google.dev/gemini-api/docs/pricing).
 * - Anthropic and Azure bill batches at half the price (https://docs.claude.com/en/docs/build-with-claude/batch-processing,
 *   https://learn.microsoft.com/azure/ai-foundry/openai/how-to/batch).
 * - Groq bills flex at the standard price, and batches at half of it (https://console.groq.com/docs/flex-processing).
 *
 * @param seller the provider's id in the price table
 */
export function tierFactor(tier: ServiceTier | undefined, seller: string, model: string): number | undefined {
  if (tier === undefined) return 1;
  if (tier === 'priority') return priorityFactor(seller, model);
  return Object.hasOwn(TIER_FACTORS, seller) ? TIER_FACTORS[seller]?.[tier] : undefined;
}

const HALF_PRICE = { flex: 0.5, batch: 0.5 } as const;
const TIER_FACTORS: Readonly<Record<string, Readonly<Partial<Record<ServiceTier, number>>>>> = {
  openai: HALF_PRICE,
  google: HALF_PRICE,
  groq: { flex: 1, batch: 0.5 },
  anthropic: { batch: 0.5 },
  azure: { batch: 0.5 },
};

/**
 * OpenAI's priority prices as factors, which are the same for input, cached input and output of a model
 * (https://openai.com/api-priority-processing/, https://platform.openai.com/docs/pricing; 2026-06-04). The first match applies.
 */
const PRIORITY_FACTORS: readonly (readonly [model: RegExp, factor: number])[] = [
  [/^gpt-5[.-]5(?:-\d{4}|$)/, 2.5],
  [/^gpt-5[.-]4(?:-mini)?(?:-\d{4}|$)/, 2],
  [/^gpt-5-mini(?:-\d{4}|$)/, 1.8],
  [/^gpt-5(?:[.-][123])?(?:-codex)?(?:-\d{4}|$)/, 2],
  [/^gpt-4\.1-nano(?:-\d{4}|$)/, 2],
  [/^gpt-4\.1(?:-mini)?(?:-\d{4}|$)/, 1.75],
  [/^gpt-4o-2024-05-13$/, 1.75],
  [/^gpt-4o(?:-\d{4}|$)/, 1.7],
  [/^gpt-4o-mini(?:-\d{4}|$)/, 5 / 3],
  [/^o3(?:-\d{4}|$)/, 1.75],
  [/^o4-mini(?:-\d{4}|$)/, 20 / 11],
];

function priorityFactor(seller: string, model: string): number | undefined {
  if (seller !== 'openai') return undefined;
  return PRIORITY_FACTORS.find(([pattern]) => pattern.test(model))?.[1];
}
