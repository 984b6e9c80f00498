/** Token counts and the formats in which providers report them. */

import { CHARACTERS_PER_TOKEN } from './request-body.ts';

/** The token counts of one answer. */
export interface TokenCounts {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** The part of `promptTokens` that came from the provider's cache. */
  readonly cachedTokens: number;
  /** The part of `completionTokens` that is reasoning. */
  readonly reasoningTokens: number;
}

/** Estimates the tokens of a text by its number of characters. */
export function tokensOf(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

/** `usage` of chat and completions. */
export function chatUsage(tokens: TokenCounts): Record<string, unknown> {
  return {
    ...plainUsage(tokens),
    prompt_tokens_details: { cached_tokens: tokens.cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: tokens.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

/** `usage` with the three totals only. */
export function plainUsage(tokens: TokenCounts): Record<string, unknown> {
  return {
    prompt_tokens: tokens.promptTokens,
    completion_tokens: tokens.completionTokens,
    total_tokens: tokens.promptTokens + tokens.completionTokens,
  };
}

/** `usage` of Responses. */
export function responsesUsage(tokens: TokenCounts): Record<string, unknown> {
  return {
    input_tokens: tokens.promptTokens,
    input_tokens_details: { cached_tokens: tokens.cachedTokens },
    output_tokens: tokens.completionTokens,
    output_tokens_details: { reasoning_tokens: tokens.reasoningTokens },
    total_tokens: tokens.promptTokens + tokens.completionTokens,
  };
}

/** `usage` of embeddings. */
export function embeddingsUsage(tokens: TokenCounts): Record<string, unknown> {
  return { prompt_tokens: tokens.promptTokens, total_tokens: tokens.promptTokens };
}
