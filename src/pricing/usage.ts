/** Reads the tokens out of any response body or stream chunk. */

import type { Surface } from '../domain/call.ts';
import type { Usage } from '../domain/usage.ts';
import { findUsage, memberOf, type RawUsage } from './find-usage.ts';
import { serviceTierOf } from './service-tier.ts';
import {
  cachedTokensOf,
  cacheWriteTokensOf,
  inputAudioTokensOf,
  outputAudioTokensOf,
  reasoningTokensOf,
  tokens,
} from './usage-parts.ts';

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
  if (input !== undefined) return input + (total === undefined ? besidesInput(usage) : 0);
  if (total === undefined || surface === 'embeddings') return total;
  const output = statedOutputTokensOf(usage);
  return output === undefined || output > total ? undefined : total - output;
}

/** Anthropic's own shape, which has no total, counts as input only what touched no cache (https://docs.claude.com/en/api/messages). */
function besidesInput(usage: RawUsage): number {
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
