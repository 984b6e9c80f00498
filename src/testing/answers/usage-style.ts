/** The places where providers report the usage of a stream. */

import { chatUsage, plainUsage } from './tokens.ts';
import type { TokenCounts } from './tokens.ts';

/**
 * Where a simulated provider reports the usage of a stream:
 *
 * - `openai`: only if `stream_options.include_usage` is set: in an extra last chunk with `choices: []`, and as `null` in all others
 * - `always`: as `openai`, but without being asked
 * - `lastChunkWithChoices`: always, in the chunk with `finish_reason` (Mistral)
 * - `groq`: always, in `x_groq.usage` of the last chunk
 * - `kimi`: always, in `choices[0].usage` of the last chunk
 * - `none`: never; JSON answers have no usage either
 */
export type UsageStyle = 'openai' | 'always' | 'lastChunkWithChoices' | 'groq' | 'kimi' | 'none';

/** A chunk of a chat or completions stream. */
export interface Chunk {
  readonly choices: readonly object[];
  readonly [field: string]: unknown;
}

/**
 * Adds the usage to the chunks, in the place of the style. The last of `chunks` must be the one with `finish_reason`.
 */
export function withUsage(
  chunks: readonly Chunk[],
  tokens: TokenCounts,
  style: UsageStyle,
  asked: boolean,
): readonly Chunk[] {
  switch (style) {
    case 'none':
      return chunks;
    case 'openai':
      return asked ? inOwnChunk(chunks, tokens) : chunks;
    case 'always':
      return inOwnChunk(chunks, tokens);
    case 'lastChunkWithChoices':
      return inLastChunk(chunks, (last) => ({ ...last, usage: chatUsage(tokens) }));
    case 'groq':
      return inLastChunk(chunks, (last) => ({ ...last, x_groq: { id: 'req_test', usage: plainUsage(tokens) } }));
    case 'kimi':
      return inLastChunk(chunks, (last) => ({
        ...last,
        choices: last.choices.map((choice) => kimiChoice(choice, tokens)),
      }));
    default:
      return style satisfies never;
  }
}

function inOwnChunk(chunks: readonly Chunk[], tokens: TokenCounts): Chunk[] {
  const own = { ...chunks.at(-1), choices: [], usage: chatUsage(tokens) };
  return [...chunks.map((chunk) => ({ ...chunk, usage: null })), own];
}

function inLastChunk(chunks: readonly Chunk[], change: (last: Chunk) => Chunk): Chunk[] {
  return chunks.map((chunk, index) => (index === chunks.length - 1 ? change(chunk) : chunk));
}

function kimiChoice(choice: object, tokens: TokenCounts): object {
  return { ...choice, usage: { ...plainUsage(tokens), cached_tokens: tokens.cachedTokens } };
}
