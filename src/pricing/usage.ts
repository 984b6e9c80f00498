/** Reads usage, reported cost and service tier from any response body or stream chunk. */

import type { Surface } from '../domain/call.ts';
import { fields, isRecord } from '../domain/json.ts';
import type { Usage } from '../domain/usage.ts';
import { paidToolsOf, serviceTierOf, surchargesOf } from './usage-extras.ts';

/**
 * The usage in a whole response body, or in one chunk or event of a stream; `undefined` if it contains no usage. Counts in a
 * stream are cumulative: the last usage applies. Never throws.
 */
export function usageOf(surface: Surface, body: unknown): Usage | undefined {
  const usage = findUsage(body);
  if (usage === undefined) return undefined;
  if (usage['type'] === 'duration') return durationOf(usage);
  const total = nonNegative(usage['total_tokens']);
  const input = inputTokensOf(surface, usage, total);
  const output = surface === 'embeddings' ? 0 : outputTokensOf(usage, input, total);
  if (input === undefined || output === undefined) return undefined;
  const cachedInputTokens = Math.min(input, cachedTokensOf(usage));
  const reasoningTokens = Math.min(output, reasoningTokensOf(usage));
  const counts = { inputTokens: input, outputTokens: output, cachedInputTokens, reasoningTokens };
  return withRareParts(counts, body, usage);
}

/** Transcriptions of whisper-1 are billed by the second (https://platform.openai.com/docs/api-reference/audio). */
function durationOf(usage: RawUsage): Usage | undefined {
  const audioInputSeconds = nonNegative(usage['seconds']);
  if (audioInputSeconds === undefined) return undefined;
  return { inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0, audioInputSeconds };
}

/** Adds the parts that few answers have. Without them the object stays small. */
function withRareParts(counts: Usage, body: unknown, usage: RawUsage): Usage {
  const { inputTokens, outputTokens, cachedInputTokens } = counts;
  const cacheWriteTokens = Math.min(inputTokens - cachedInputTokens, cacheWriteTokensOf(usage));
  const cacheWrite1hTokens = Math.min(cacheWriteTokens, cacheWrite1hTokensOf(usage));
  const audioInputTokens = Math.min(inputTokens, inputDetail(usage, 'audio_tokens') ?? 0);
  const audioOutputTokens = Math.min(outputTokens, outputDetail(usage, 'audio_tokens') ?? 0);
  const imageInputTokens = Math.min(inputTokens - audioInputTokens, inputDetail(usage, 'image_tokens') ?? 0);
  const imageOutputTokens = imageOutputTokensOf(usage, outputTokens - audioOutputTokens);
  const serviceTier = serviceTierOf(body, usage);
  const surcharges = surchargesOf(usage);
  const tools = paidToolsOf(body, usage);
  if (
    cacheWriteTokens === 0 &&
    audioInputTokens === 0 &&
    audioOutputTokens === 0 &&
    imageInputTokens === 0 &&
    imageOutputTokens === undefined &&
    serviceTier === undefined &&
    surcharges === undefined &&
    tools === undefined
  ) {
    return counts;
  }
  return {
    ...counts,
    ...(cacheWriteTokens > 0 && { cacheWriteTokens }),
    ...(cacheWrite1hTokens > 0 && { cacheWrite1hTokens }),
    ...(audioInputTokens > 0 && { audioInputTokens }),
    ...(audioOutputTokens > 0 && { audioOutputTokens }),
    ...(imageInputTokens > 0 && { imageInputTokens }),
    ...(imageOutputTokens !== undefined && { imageOutputTokens }),
    ...tools,
    ...(serviceTier !== undefined && { serviceTier }),
    ...(surcharges && { surcharges }),
  };
}

function inputTokensOf(surface: Surface, usage: RawUsage, total: number | undefined): number | undefined {
  const input = nonNegative(usage['prompt_tokens']) ?? nonNegative(usage['input_tokens']);
  if (input !== undefined) return input + (total === undefined ? cacheTokensOutsideInput(usage) : 0);
  if (total === undefined || surface === 'embeddings') return total;
  const output = reportedOutputTokensOf(usage);
  return output === undefined || output > total ? undefined : total - output;
}

/** Anthropic's own format has no total, and its input excludes cached tokens (https://docs.claude.com/en/api/messages). */
function cacheTokensOutsideInput(usage: RawUsage): number {
  if (usage['prompt_tokens'] !== undefined || memberOf(usage['input_tokens_details'], 'cached_tokens') !== undefined)
    return 0;
  return (
    (nonNegative(usage['cache_read_input_tokens']) ?? 0) + (nonNegative(usage['cache_creation_input_tokens']) ?? 0)
  );
}

/**
 * If the reported output excludes reasoning (xAI, Gemini's thoughts), the total reveals it: reasoning is billed as output. The
 * total also replaces an output that is omitted because it is zero (OpenAI's completions).
 */
function outputTokensOf(usage: RawUsage, input: number | undefined, total: number | undefined): number | undefined {
  const reported = reportedOutputTokensOf(usage);
  if (input === undefined || total === undefined || total < input) return reported;
  return Math.max(reported ?? 0, total - input);
}

function reportedOutputTokensOf(usage: RawUsage): number | undefined {
  return nonNegative(usage['completion_tokens']) ?? nonNegative(usage['output_tokens']);
}

/**
 * 0 if not reported, like the other parts below. Six spellings: OpenAI's two, DeepSeek's, Kimi's (also Hugging Face's), Mistral's and
 * Anthropic's. Some providers send two of them, one of which is 0.
 */
function cachedTokensOf(usage: RawUsage): number {
  return Math.max(
    nonNegative(memberOf(usage['prompt_tokens_details'], 'cached_tokens')) ?? 0,
    nonNegative(memberOf(usage['input_tokens_details'], 'cached_tokens')) ?? 0,
    nonNegative(usage['prompt_cache_hit_tokens']) ?? 0,
    nonNegative(usage['cached_tokens']) ?? 0,
    nonNegative(usage['num_cached_tokens']) ?? 0,
    nonNegative(usage['cache_read_input_tokens']) ?? 0,
  );
}

/** OpenAI's two spellings (also OpenRouter's), Anthropic's and LiteLLM's. */
function cacheWriteTokensOf(usage: RawUsage): number {
  return Math.max(
    nonNegative(memberOf(usage['prompt_tokens_details'], 'cache_write_tokens')) ?? 0,
    nonNegative(memberOf(usage['input_tokens_details'], 'cache_write_tokens')) ?? 0,
    nonNegative(usage['cache_creation_input_tokens']) ?? 0,
    nonNegative(memberOf(usage['prompt_tokens_details'], 'cache_creation_tokens')) ?? 0,
  );
}

/** OpenAI's two spellings and Perplexity's. */
function reasoningTokensOf(usage: RawUsage): number {
  return Math.max(
    nonNegative(memberOf(usage['completion_tokens_details'], 'reasoning_tokens')) ?? 0,
    nonNegative(memberOf(usage['output_tokens_details'], 'reasoning_tokens')) ?? 0,
    nonNegative(usage['reasoning_tokens']) ?? 0,
  );
}

/** Anthropic's split of the cache writes by lifetime (https://docs.claude.com/en/docs/build-with-claude/prompt-caching). */
function cacheWrite1hTokensOf(usage: RawUsage): number {
  return nonNegative(memberOf(usage['cache_creation'], 'ephemeral_1h_input_tokens')) ?? 0;
}

/** The largest count of this name in the details of the input: chat, Responses and images, transcription. */
function inputDetail(usage: RawUsage, name: string): number | undefined {
  return largest(usage, name, ['prompt_tokens_details', 'input_tokens_details', 'input_token_details']);
}

function outputDetail(usage: RawUsage, name: string): number | undefined {
  return largest(usage, name, ['completion_tokens_details', 'output_tokens_details', 'output_token_details']);
}

function largest(usage: RawUsage, name: string, details: readonly string[]): number | undefined {
  let most: number | undefined;
  for (const member of details) {
    const count = nonNegative(memberOf(usage[member], name));
    if (count !== undefined && (most === undefined || count > most)) most = count;
  }
  return most;
}

/** 0 only if the provider splits the output into text and images; many providers send an `image_tokens` of 0 with every answer. */
function imageOutputTokensOf(usage: RawUsage, most: number): number | undefined {
  const count = outputDetail(usage, 'image_tokens');
  if (count === undefined || (count === 0 && outputDetail(usage, 'text_tokens') === undefined)) return undefined;
  return Math.min(most, count);
}

/** xAI reports costs in ticks of 10⁻¹⁰ USD (https://docs.x.ai/docs/api-reference). */
const TICKS_PER_USD = 1e10;

/**
 * The cost of a call in USD as the provider reports it, in a whole response body or in one chunk of a stream; `undefined` if it
 * reports no cost. Never throws. Known are OpenRouter's `usage.cost`, Perplexity's `usage.cost.total_cost` and xAI's
 * `usage.cost_in_usd_ticks`.
 */
export function reportedCostOf(body: unknown): number | undefined {
  const usage = findUsage(body);
  if (usage === undefined) return undefined;
  const ticks = nonNegative(usage['cost_in_usd_ticks']);
  if (ticks !== undefined) return ticks / TICKS_PER_USD;
  return nonNegative(memberOf(usage['cost'], 'total_cost')) ?? costWithFeeOf(usage);
}

/**
 * With the customer's own key (`is_byok`), OpenRouter's `cost` is only its fee, and the vendor bills the rest to the customer
 * (https://openrouter.ai/docs/use-cases/usage-accounting).
 */
function costWithFeeOf(usage: RawUsage): number | undefined {
  const cost = nonNegative(usage['cost']);
  if (cost === undefined || usage['is_byok'] !== true) return cost;
  const vendorCost = nonNegative(memberOf(usage['cost_details'], 'upstream_inference_cost'));
  return vendorCost === undefined ? undefined : cost + vendorCost;
}

/** A usage in the provider's own format. */
export type RawUsage = Readonly<Record<string, unknown>>;

/**
 * The usage object of a whole body or of a chunk; `undefined` if it has no usage. OpenAI and most others send `usage` (`null` in all
 * chunks but the last), Groq's streams `x_groq.usage`, Kimi's streams `choices[i].usage`, and the events of a Responses stream
 * `response.usage`.
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
    const rawUsage = usage ? filled(usage) : undefined;
    if (rawUsage !== undefined) return rawUsage;
  }
  return undefined;
}

/** An object with at least one count: some providers send an empty object next to the real usage. */
function filled(value: unknown): RawUsage | undefined {
  return isRecord(value) && COUNTS.some((count) => typeof value[count] === 'number') ? value : undefined;
}

const COUNTS = [
  'prompt_tokens',
  'input_tokens',
  'completion_tokens',
  'output_tokens',
  'total_tokens',
  'seconds',
] as const;

/** A number of tokens or USD; `undefined` for anything else. */
function nonNegative(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
