/** Reads the tokens out of any response body or stream chunk. */

import type { Surface } from '../domain/call.ts';
import { fields, isRecord } from '../domain/json.ts';
import type { ServiceTier, Usage } from '../domain/usage.ts';

/**
 * The usage in a whole response body or in one chunk or event of a stream; `undefined` where it says nothing. Counts in
 * a stream are cumulative: the last usage holds. Never throws, whatever the body is.
 */
export function usageOf(surface: Surface, body: unknown): Usage | undefined {
  const usage = findUsage(body);
  if (usage === undefined) return undefined;
  const total = tokens(usage['total_tokens']);
  const input = inputTokensOf(surface, usage, total);
  const output = surface === 'embeddings' ? 0 : outputTokensOf(usage, input, total);
  if (input === undefined || output === undefined) return undefined;
  const cachedInputTokens = Math.min(input, cachedTokensOf(usage));
  const reasoningTokens = Math.min(output, reasoningTokensOf(usage));
  const counts = { inputTokens: input, outputTokens: output, cachedInputTokens, reasoningTokens };
  return withRareParts(counts, usage, serviceTierOf(body, usage));
}

/** Few answers have any of these: the others are not burdened with their names. */
function withRareParts(counts: Usage, usage: RawUsage, serviceTier: Usage['serviceTier']): Usage {
  const { inputTokens, outputTokens, cachedInputTokens } = counts;
  const cacheWriteTokens = Math.min(inputTokens - cachedInputTokens, cacheWriteTokensOf(usage));
  const audioInputTokens = Math.min(inputTokens, inputAudioTokensOf(usage));
  const audioOutputTokens = Math.min(outputTokens, outputAudioTokensOf(usage));
  if (cacheWriteTokens === 0 && audioInputTokens === 0 && audioOutputTokens === 0 && serviceTier === undefined) {
    return counts;
  }
  return {
    ...counts,
    ...(cacheWriteTokens > 0 && { cacheWriteTokens }),
    ...(audioInputTokens > 0 && { audioInputTokens }),
    ...(audioOutputTokens > 0 && { audioOutputTokens }),
    ...(serviceTier !== undefined && { serviceTier }),
  };
}

function inputTokensOf(surface: Surface, usage: RawUsage, total: number | undefined): number | undefined {
  const input = tokens(usage['prompt_tokens']) ?? tokens(usage['input_tokens']);
  if (input !== undefined) return input + (total === undefined ? cacheTokensOutsideInput(usage) : 0);
  if (total === undefined || surface === 'embeddings') return total;
  const output = statedOutputTokensOf(usage);
  return output === undefined || output > total ? undefined : total - output;
}

/** Anthropic's own shape, which has no total, counts as input only what touched no cache (https://docs.claude.com/en/api/messages). */
function cacheTokensOutsideInput(usage: RawUsage): number {
  if (usage['prompt_tokens'] !== undefined || memberOf(usage['input_tokens_details'], 'cached_tokens') !== undefined)
    return 0;
  return (tokens(usage['cache_read_input_tokens']) ?? 0) + (tokens(usage['cache_creation_input_tokens']) ?? 0);
}

/**
 * The total tells when the output is stated without its reasoning (xAI, Gemini's thoughts): they are billed as output.
 * It also replaces an output that is left out because it is zero (OpenAI's completions).
 */
function outputTokensOf(usage: RawUsage, input: number | undefined, total: number | undefined): number | undefined {
  const stated = statedOutputTokensOf(usage);
  if (input === undefined || total === undefined || total < input) return stated;
  return Math.max(stated ?? 0, total - input);
}

function statedOutputTokensOf(usage: RawUsage): number | undefined {
  return tokens(usage['completion_tokens']) ?? tokens(usage['output_tokens']);
}

/* PART: Where a response keeps its usage. */

/** A usage as the provider wrote it. */
export type RawUsage = Readonly<Record<string, unknown>>;

/**
 * The usage object of a whole body or of a stream's chunk, `undefined` where there is none. OpenAI and most others have
 * `usage` (`null` in all chunks but the last), Groq's streams `x_groq.usage`, Kimi's `choices[i].usage`, and the events
 * of a Responses stream `response.usage`.
 */
export function findUsage(body: unknown): RawUsage | undefined {
  if (!isRecord(body)) return undefined;
  // Called for each chunk of a stream. Few chunks have any of these members, and testing for them is cheaper than a call.
  const { usage, x_groq, response, choices } = body;
  return (
    (usage ? filled(usage) : undefined) ??
    (x_groq ? filled(memberOf(x_groq, 'usage')) : undefined) ??
    (response ? filled(memberOf(response, 'usage')) : undefined) ??
    (Array.isArray(choices) ? usageInChoices(choices) : undefined)
  );
}

/** The value of a member; `undefined` for anything that is not an object. */
function memberOf(value: unknown, member: string): unknown {
  return isRecord(value) ? value[member] : undefined;
}

function usageInChoices(choices: readonly unknown[]): RawUsage | undefined {
  for (const choice of choices) {
    const { usage } = fields(choice);
    const found = usage ? filled(usage) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** An object that counts something: an empty one may stand beside the real usage. */
function filled(value: unknown): RawUsage | undefined {
  return isRecord(value) && COUNTS.some((count) => typeof value[count] === 'number') ? value : undefined;
}

const COUNTS = ['prompt_tokens', 'input_tokens', 'completion_tokens', 'output_tokens', 'total_tokens'] as const;

/* PART: Parts of a usage under all the names that providers have for them. Each is 0 where nothing is said of it. */

/** Six spellings: OpenAI's two, DeepSeek's, Kimi's (also Hugging Face's), Mistral's, Anthropic's. Some providers send two, one of them 0. */
function cachedTokensOf(usage: RawUsage): number {
  return Math.max(
    tokens(memberOf(usage['prompt_tokens_details'], 'cached_tokens')) ?? 0,
    tokens(memberOf(usage['input_tokens_details'], 'cached_tokens')) ?? 0,
    tokens(usage['prompt_cache_hit_tokens']) ?? 0,
    tokens(usage['cached_tokens']) ?? 0,
    tokens(usage['num_cached_tokens']) ?? 0,
    tokens(usage['cache_read_input_tokens']) ?? 0,
  );
}

/** OpenAI's two spellings (also OpenRouter's), Anthropic's, and LiteLLM's. */
function cacheWriteTokensOf(usage: RawUsage): number {
  return Math.max(
    tokens(memberOf(usage['prompt_tokens_details'], 'cache_write_tokens')) ?? 0,
    tokens(memberOf(usage['input_tokens_details'], 'cache_write_tokens')) ?? 0,
    tokens(usage['cache_creation_input_tokens']) ?? 0,
    tokens(memberOf(usage['prompt_tokens_details'], 'cache_creation_tokens')) ?? 0,
  );
}

/** OpenAI's two spellings, and Perplexity's. */
function reasoningTokensOf(usage: RawUsage): number {
  return Math.max(
    tokens(memberOf(usage['completion_tokens_details'], 'reasoning_tokens')) ?? 0,
    tokens(memberOf(usage['output_tokens_details'], 'reasoning_tokens')) ?? 0,
    tokens(usage['reasoning_tokens']) ?? 0,
  );
}

function inputAudioTokensOf(usage: RawUsage): number {
  return Math.max(
    tokens(memberOf(usage['prompt_tokens_details'], 'audio_tokens')) ?? 0,
    tokens(memberOf(usage['input_tokens_details'], 'audio_tokens')) ?? 0,
  );
}

function outputAudioTokensOf(usage: RawUsage): number {
  return Math.max(
    tokens(memberOf(usage['completion_tokens_details'], 'audio_tokens')) ?? 0,
    tokens(memberOf(usage['output_tokens_details'], 'audio_tokens')) ?? 0,
  );
}

/** A count; `undefined` for what is none. */
function tokens(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/* PART: Reads the cost that a provider itself states. */

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

/* PART: The tier that a call was served at, and what it does to the price. */

/** Where providers name the tier: beside the usage (OpenAI), in a Responses event's response, or within (Anthropic). */
function serviceTierOf(body: unknown, usage: RawUsage): ServiceTier | undefined {
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
