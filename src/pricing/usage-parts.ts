/** Parts of a usage under all the names that providers have for them. Each is 0 where nothing is said of it. */

import { memberOf, type RawUsage } from './find-usage.ts';

/** Six spellings: OpenAI's two, DeepSeek's, Kimi's (also Hugging Face's), Mistral's, Anthropic's. Some providers send two, one of them 0. */
export function cachedTokensOf(usage: RawUsage): number {
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
export function cacheWriteTokensOf(usage: RawUsage): number {
  return Math.max(
    tokens(memberOf(usage['prompt_tokens_details'], 'cache_write_tokens')) ?? 0,
    tokens(memberOf(usage['input_tokens_details'], 'cache_write_tokens')) ?? 0,
    tokens(usage['cache_creation_input_tokens']) ?? 0,
    tokens(memberOf(usage['prompt_tokens_details'], 'cache_creation_tokens')) ?? 0,
  );
}

/** OpenAI's two spellings, and Perplexity's. */
export function reasoningTokensOf(usage: RawUsage): number {
  return Math.max(
    tokens(memberOf(usage['completion_tokens_details'], 'reasoning_tokens')) ?? 0,
    tokens(memberOf(usage['output_tokens_details'], 'reasoning_tokens')) ?? 0,
    tokens(usage['reasoning_tokens']) ?? 0,
  );
}

export function inputAudioTokensOf(usage: RawUsage): number {
  return Math.max(
    tokens(memberOf(usage['prompt_tokens_details'], 'audio_tokens')) ?? 0,
    tokens(memberOf(usage['input_tokens_details'], 'audio_tokens')) ?? 0,
  );
}

export function outputAudioTokensOf(usage: RawUsage): number {
  return Math.max(
    tokens(memberOf(usage['completion_tokens_details'], 'audio_tokens')) ?? 0,
    tokens(memberOf(usage['output_tokens_details'], 'audio_tokens')) ?? 0,
  );
}

/** A count; `undefined` for what is none. */
export function tokens(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
