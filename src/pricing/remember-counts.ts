/** Counts a text once that comes again and again. */

import type { CountTokens } from './count-tokens.ts';

/** Applications have a few system prompts. */
const MAX_TEXTS = 16;
/** Looking for a shorter text takes as long as counting it. */
const MIN_CHARACTERS = 64;
/** Longer texts are not kept in memory: half a MB at most in all. */
const MAX_CHARACTERS = 16_384;

/** `count`, with a memory for the latest texts that were new to it. */
export function rememberCounts(count: CountTokens): CountTokens {
  const counted = new Map<string, number>();
  return (text) => {
    if (text.length < MIN_CHARACTERS || text.length > MAX_CHARACTERS) return count(text);
    const known = counted.get(text);
    if (known !== undefined) return known;
    const tokens = count(text);
    if (counted.size >= MAX_TEXTS) for (const oldest of counted.keys()) if (counted.delete(oldest)) break;
    counted.set(text, tokens);
    return tokens;
  };
}
