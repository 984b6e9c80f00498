/** Kinds of characters, as tokenizers tell them apart. */

export type Kind = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;
export const SPACE = 0;
export const NEWLINE = 1;
export const LETTER = 2;
export const DIGIT = 3;
export const MARK = 4;
export const IDEOGRAPH = 5;
export const OTHER = 6;
/** A letter of an alphabet of which most letters have none. */
export const ACCENTED = 7;
export const KINDS = 8;

/** Accented letters stand in one run with others. */
export function runOf(kind: number): number {
  return kind === ACCENTED ? LETTER : kind;
}

/** By ranges of Unicode, coarsely: what matters is how densely a script is encoded. */
export function kindOf(code: number): Kind {
  if (code < 0x80) return ASCII_KINDS[code] as Kind;
  if (code < 0xc0) return MARK;
  if (code < 0x370 || (code >= 0x1e00 && code < 0x1f00)) return ACCENTED;
  if (code >= 0x2000 && code < 0x2e80) return MARK;
  if ((code >= 0x2e80 && code < 0xa000) || (code >= 0xac00 && code < 0xd800)) return IDEOGRAPH;
  // Pairs (emoji, rare ideographs) are about a token for each half.
  if ((code >= 0xf900 && code < 0xfb00) || (code >= 0xff00 && code < 0xfff0)) return IDEOGRAPH;
  return code >= 0xd800 && code < 0xe000 ? MARK : OTHER;
}

const ASCII_KINDS = Uint8Array.from({ length: 0x80 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[a-z]/i.test(character)) return LETTER;
  if (/\d/.test(character)) return DIGIT;
  if (/[\r\n]/.test(character)) return NEWLINE;
  return /\s/.test(character) ? SPACE : MARK;
});
