/** A text as bytes that tell the kinds of its characters: read in half the time that its characters take. */

import { KINDS, kindOf } from './character-kind.ts';

const ASCII = 0x80;

/** The kind that a byte tells: an ASCII character stands for its own, what follows those for one kind each. */
export const KIND_OF_BYTE = Uint8Array.from({ length: ASCII + KINDS }, (_, byte) =>
  byte < ASCII ? kindOf(byte) : byte - ASCII,
);

/** One byte for each character of `text`; what follows them means nothing. They hold until the next text is read. */
export function kindBytes(text: string): Uint8Array {
  const bytes = text.length <= SHORT.length ? SHORT : new Uint8Array(text.length);
  // Most texts are ASCII throughout, which is copied many characters at a time.
  const { read, written } = ENCODER.encodeInto(text, bytes);
  if (read === text.length && written === text.length) return bytes;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    bytes[at] = code < ASCII ? code : ASCII + kindOf(code);
  }
  return bytes;
}

const ENCODER = new TextEncoder();
/** Written anew for each text before it is read: a new array for each would cost as much as reading it. */
const SHORT = new Uint8Array(16_384);
