/** MurmurHash3, the hash that turns keys into buckets. */

/**
 * MurmurHash3 x86 32-bit of `text` in UTF-8, as an unsigned integer in [0, 2³²). Lone surrogates count as U+FFFD, as in
 * `TextEncoder`. Not a cryptographic hash.
 *
 * @param seed an unsigned 32-bit integer; 0 by default
 * @see Austin Appleby, SMHasher, `MurmurHash3_x86_32` (public domain), for the constants
 */
export function murmur3(text: string, seed = 0): number {
  return new Murmur3(seed).update(text).digest();
}

/**
 * The same hash for a text in parts: `update(a).update(b)` is the hash of `a + b`, unless a surrogate pair is split
 * between them. `copy()` lets texts with a common beginning hash it once.
 */
export class Murmur3 {
  #hash: number;
  /** Bytes that do not fill a block of four yet, lowest byte first. */
  #block = 0;
  /** The number of bits used in `#block`: 0, 8, 16 or 24. */
  #bits = 0;
  #byteLength = 0;

  constructor(seed: number) {
    this.#hash = seed | 0;
  }

  copy(): Murmur3 {
    const copy = new Murmur3(this.#hash);
    copy.#block = this.#block;
    copy.#bits = this.#bits;
    copy.#byteLength = this.#byteLength;
    return copy;
  }

  /** Encodes character by character: for short texts like keys, creating a buffer costs several times the hash. */
  update(text: string): this {
    let hash = this.#hash;
    let block = this.#block;
    let bits = this.#bits;
    for (let index = 0; index < text.length; index++) {
      let bytes = text.charCodeAt(index);
      let width = 8;
      if (bytes >= 0x80) {
        const codePoint = wellFormed(text.codePointAt(index) ?? 0);
        if (codePoint > 0xffff) index++;
        width = codePoint < 0x800 ? 16 : codePoint <= 0xffff ? 24 : 32;
        bytes = utf8(codePoint);
      }
      block |= bytes << bits;
      bits += width;
      this.#byteLength += width >>> 3;
      if (bits >= 32) {
        hash ^= scramble(block);
        hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
        bits -= 32;
        // A shift by 32 is a shift by 0 in JavaScript.
        block = bits === 0 ? 0 : bytes >>> (width - bits);
      }
    }
    this.#hash = hash;
    this.#block = block;
    this.#bits = bits;
    return this;
  }

  digest(): number {
    // An empty tail scrambles to 0 and changes nothing.
    let hash = this.#hash ^ scramble(this.#block) ^ this.#byteLength;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }
}

function scramble(block: number): number {
  const product = Math.imul(block, 0xcc9e2d51);
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593);
}

/** The two to four UTF-8 bytes of a character outside ASCII, lowest byte first. */
function utf8(codePoint: number): number {
  const last = 0x80 | (codePoint & 0x3f);
  if (codePoint < 0x800) return 0xc0 | (codePoint >> 6) | (last << 8);
  const third = 0x80 | ((codePoint >> 6) & 0x3f);
  if (codePoint <= 0xffff) return 0xe0 | (codePoint >> 12) | (third << 8) | (last << 16);
  const second = 0x80 | ((codePoint >> 12) & 0x3f);
  return 0xf0 | (codePoint >> 18) | (second << 8) | (third << 16) | (last << 24);
}

function wellFormed(codePoint: number): number {
  return codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint;
}
