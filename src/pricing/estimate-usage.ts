/** The usage of an answer that does not tell it: a stream that was aborted, or cut, or whose provider counts nothing. */

import type { Surface } from '../domain/call.ts';
import type { Usage } from '../domain/usage.ts';
import { estimateInput } from './estimate-input.ts';
import { CHARACTERS_PER_TOKEN, estimateTokens, type CountTokens } from './count-tokens.ts';

/** What is known of the call and its answer. */
export interface EstimateInput {
  readonly surface: Surface;
  /** The request's body. */
  readonly body: unknown;
  /** All that the model wrote and is seen of it: text, reasoning, the arguments of tools. It may be the beginning only. */
  readonly outputText: string;
  /** How long the output was, in UTF-16 units, if `outputText` does not hold all of it. @default its length */
  readonly outputCharacters?: number | undefined;
  /** @default by its characters */
  readonly count?: CountTokens | undefined;
}

/**
 * About what the provider will bill: whole tokens, never negative. Nothing is known of cached tokens and of reasoning that
 * was not shown: the one makes the estimate too high, the other too low. Takes time in proportion to the body's text;
 * images, audio and files count by constants.
 */
export function estimateUsage(input: EstimateInput): Usage {
  const { surface, body, outputText, outputCharacters, count = estimateTokens } = input;
  return {
    inputTokens: Math.ceil(estimateInput(surface, body, count)),
    outputTokens: surface === 'embeddings' ? 0 : Math.ceil(outputTokensOf(count, outputText, outputCharacters)),
    cachedInputTokens: 0,
    reasoningTokens: 0,
  };
}

/** What is not at hand is taken to be like what is. */
function outputTokensOf(count: CountTokens, text: string, characters = text.length): number {
  if (text === '') return Math.max(0, characters) / CHARACTERS_PER_TOKEN;
  return count(text) * (Math.max(characters, text.length) / text.length);
}
