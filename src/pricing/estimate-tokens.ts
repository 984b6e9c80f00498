/** Tokens of a text, without a tokenizer. */

/** Counts the tokens of a text, or about. */
export type CountTokens = (text: string) => number;

/**
 * About how many tokens a text is; a fraction, so that sums do not round. In one pass over the text: tokenizers split it
 * into runs of one kind of character first, and then long runs further.
 *
 * Measured on 27 recorded answers of ten vendors that are text alone: half are within 5 %, nine of ten within 15 %, all
 * together within 2 % (their length divided by one number: 9 % and 31 %).
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  let start = 0;
  while (start < text.length) {
    let code = text.charCodeAt(start);
    const kind = kindOf(code);
    // Most words have no accents: their letters are looked at once.
    let codes = code;
    let end = start + 1;
    for (; end < text.length; end += 1) {
      code = text.charCodeAt(end);
      if (kindOf(code) !== kind) break;
      codes |= code;
    }
    tokens += tokensOfRun(kind, end - start);
    if (kind === 'word' && codes >= 0x80) tokens += accentsIn(text, start, end) * TOKENS_PER_ACCENT;
    start = end;
  }
  return tokens;
}

/** Characters to a token of English prose, for where a text is not at hand: the recorded answers taken together. */
export const CHARACTERS_PER_TOKEN = 4.4;

type Kind = 'space' | 'newline' | 'word' | 'digit' | 'mark' | 'ideograph' | 'other';

function tokensOfRun(kind: Kind, length: number): number {
  switch (kind) {
    case 'word':
      return Math.max(1, length / LETTERS_PER_TOKEN);
    case 'digit':
      return Math.ceil(length / DIGITS_PER_TOKEN);
    case 'mark':
      return Math.max(1, length / MARKS_PER_TOKEN);
    case 'newline':
      return 1;
    case 'space':
      // One space belongs to the word after it; an indentation is a token.
      return length > 1 ? 1 : 0;
    case 'ideograph':
      return length * TOKENS_PER_IDEOGRAPH;
    case 'other':
      return Math.max(1, length / OTHER_LETTERS_PER_TOKEN);
    default:
      return kind satisfies never;
  }
}

/** Most words of English are one token, longer ones two: this and the marks fit the recorded answers best. */
const LETTERS_PER_TOKEN = 7;
const MARKS_PER_TOKEN = 2;
/** OpenAI's tokenizers since GPT-3.5 take digits by threes (https://github.com/openai/tiktoken). */
const DIGITS_PER_TOKEN = 3;
/** "1 Chinese character ≈ 0.6 token" (https://api-docs.deepseek.com/quick_start/token_usage). */
const TOKENS_PER_IDEOGRAPH = 0.6;
/** These two fit the greeting in fifteen languages of https://openai.com/index/hello-gpt-4o/, which has their counts: within 22 %. */
const TOKENS_PER_ACCENT = 0.35;
const OTHER_LETTERS_PER_TOKEN = 3;

function accentsIn(text: string, start: number, end: number): number {
  let accents = 0;
  for (let at = start; at < end; at += 1) if (text.charCodeAt(at) >= 0x80) accents += 1;
  return accents;
}

/** By ranges of Unicode, coarsely: what matters is how densely a script is encoded. */
function kindOf(code: number): Kind {
  if (code < 0x80) return ASCII_KINDS[code] as Kind;
  if (code < 0xc0) return 'mark';
  if (code < 0x370 || (code >= 0x1e00 && code < 0x1f00)) return 'word';
  if (code >= 0x2000 && code < 0x2e80) return 'mark';
  if ((code >= 0x2e80 && code < 0xa000) || (code >= 0xac00 && code < 0xd800)) return 'ideograph';
  // Pairs (emoji, rare ideographs) are about a token for each half.
  if ((code >= 0xf900 && code < 0xfb00) || (code >= 0xff00 && code < 0xfff0)) return 'ideograph';
  return code >= 0xd800 && code < 0xe000 ? 'mark' : 'other';
}

const ASCII_KINDS: readonly Kind[] = Array.from({ length: 0x80 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[a-z]/i.test(character)) return 'word';
  if (/\d/.test(character)) return 'digit';
  if (/[\r\n]/.test(character)) return 'newline';
  return /\s/.test(character) ? 'space' : 'mark';
});
