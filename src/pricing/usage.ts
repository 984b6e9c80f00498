/** Reads the tokens out of any response body or stream chunk. */

import type { Surface } from '../domain/call.ts';
import type { Usage } from '../domain/usage.ts';
import { findUsage, memberOf, type RawUsage } from './find-usage.ts';

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
  return {
    inputTokens: input,
    outputTokens: output,
    cachedInputTokens: Math.min(input, cachedTokensOf(usage)),
    reasoningTokens: Math.min(output, reasoningTokensOf(usage)),
  };
}

function inputTokensOf(surface: Surface, usage: RawUsage, total: number | undefined): number | undefined {
  const input = tokens(usage['prompt_tokens']) ?? tokens(usage['input_tokens']);
  if (input !== undefined || total === undefined) return input;
  if (surface === 'embeddings') return total;
  const output = statedOutputTokensOf(usage);
  return output === undefined || output > total ? undefined : total - output;
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

/** Five spellings: OpenAI's two, DeepSeek's, Kimi's (also Hugging Face's), Mistral's. Some providers send two, one of them 0. */
function cachedTokensOf(usage: RawUsage): number {
  return Math.max(
    tokens(memberOf(usage['prompt_tokens_details'], 'cached_tokens')) ?? 0,
    tokens(memberOf(usage['input_tokens_details'], 'cached_tokens')) ?? 0,
    tokens(usage['prompt_cache_hit_tokens']) ?? 0,
    tokens(usage['cached_tokens']) ?? 0,
    tokens(usage['num_cached_tokens']) ?? 0,
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

function tokens(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
