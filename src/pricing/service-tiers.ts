/** What service tiers cost, as factors on the standard prices of tokens. */

import type { ServiceTier } from '../domain/usage.ts';

/**
 * The factor between a tier's price and the standard price of a model; `undefined` if it is unknown.
 *
 * - OpenAI bills flex and batches at half the price (https://platform.openai.com/docs/guides/flex-processing); for `priority` see below.
 * - Google bills flex and batches at half the price, and priority at 1.8 times (https://ai.google.dev/gemini-api/docs/pricing).
 * - Anthropic and Azure bill batches at half the price (https://docs.claude.com/en/docs/build-with-claude/batch-processing,
 *   https://learn.microsoft.com/azure/ai-foundry/openai/how-to/batch).
 * - Groq bills flex at the standard price, and batches at half of it (https://console.groq.com/docs/flex-processing).
 *
 * @param seller the provider's id in the price table
 */
export function tierFactor(tier: ServiceTier | undefined, seller: string, model: string): number | undefined {
  if (tier === undefined) return 1;
  if (seller === 'openai' && (tier === 'priority' || tier === 'ultrafast')) return openaiFactor(tier, model);
  return Object.hasOwn(TIER_FACTORS, seller) ? TIER_FACTORS[seller]?.[tier] : undefined;
}

const HALF_PRICE = { flex: 0.5, batch: 0.5 } as const;
const TIER_FACTORS: Readonly<Record<string, Readonly<Partial<Record<ServiceTier, number>>>>> = {
  openai: HALF_PRICE,
  google: { ...HALF_PRICE, priority: 1.8 },
  groq: { flex: 1, batch: 0.5 },
  anthropic: { batch: 0.5 },
  azure: { batch: 0.5 },
};

/**
 * Whether calls of a model that are answered at once have more than one price, so that tokens alone do not determine their cost.
 * Batches do not count: their caller knows that a call is one.
 */
export function hasTiers(seller: string, model: string): boolean {
  if (seller === 'google') return GOOGLE_TIERED.test(model);
  return seller === 'openai' && (OPENAI_FLEX.test(model) || openaiFactor('priority', model) !== undefined);
}

/** https://ai.google.dev/gemini-api/docs/pricing: each of these models has prices for flex and priority. */
const GOOGLE_TIERED = /^gemini-(?:2\.5|[3-9])(?!.*embedding)/;
/** https://platform.openai.com/docs/pricing: the models with a price for flex. */
const OPENAI_FLEX = /^(?:gpt-[5-9]|o3|o4-mini)(?:[.-]|$)/;

/**
 * OpenAI's prices of `priority`, called `fast` since 2026-07-30, and of `ultrafast`, as factors, which are the same for input, cached
 * input and output of a model (https://openai.com/api-fast-mode/, https://developers.openai.com/api/docs/guides/ultrafast-mode,
 * https://platform.openai.com/docs/pricing; 2026-11-30). The first match applies.
 */
const OPENAI_FACTORS: Readonly<
  Record<'priority' | 'ultrafast', readonly (readonly [model: RegExp, factor: number])[]>
> = {
  priority: [
    [/^gpt-6(?:[.-][12])?-(?:sol|luna|astra)(?:-\d{4}|$)/, 2],
    [/^gpt-5[.-]6-(?:sol|terra|luna)(?:-\d{4}|$)/, 2],
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
  ],
  ultrafast: [[/^gpt-6-astra(?:-\d{4}|$)/, 6]],
};

function openaiFactor(tier: 'priority' | 'ultrafast', model: string): number | undefined {
  return OPENAI_FACTORS[tier].find(([pattern]) => pattern.test(model))?.[1];
}
