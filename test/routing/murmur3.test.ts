import fc from 'fast-check';
import { expect, test } from 'vitest';
import { murmur3 } from '../../src/routing/murmur3.ts';
import published from '../vectors/murmur3.json' with { type: 'json' };
import { anyText, SEED } from './tables.ts';

test.each(published.vectors)('murmur3 of $text with seed $seed is the published $hash', ({ text, seed, hash }) => {
  expect(murmur3(text, Number.parseInt(seed, 16)).toString(16)).toBe(hash);
});

test(`any text hashes like its UTF-8 bytes, with lone surrogates as U+FFFD (seed ${SEED})`, () => {
  fc.assert(
    fc.property(anyText(40), fc.integer({ min: 0, max: 0xffffffff }), (text, seed) => {
      expect(murmur3(text, seed)).toBe(referenceMurmur3(new TextEncoder().encode(text), seed));
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});

test('the default seed is 0', () => {
  expect(murmur3('Hello, world!')).toBe(murmur3('Hello, world!', 0));
});

/** The algorithm from Wikipedia, over bytes, in exact integers. */
function referenceMurmur3(bytes: Uint8Array, seed: number): number {
  const word = (value: bigint): bigint => value & 0xffffffffn;
  const rotate = (value: bigint, by: bigint): bigint => word(value << by) | (value >> (32n - by));
  const scramble = (block: bigint): bigint => word(rotate(word(block * 0xcc9e2d51n), 15n) * 0x1b873593n);
  let hash = BigInt(seed);
  for (let offset = 0; offset < bytes.length; offset += 4) {
    const chunk = [...bytes.subarray(offset, offset + 4)];
    hash ^= scramble(chunk.reduceRight((block, byte) => (block << 8n) | BigInt(byte), 0n));
    if (chunk.length === 4) hash = word(rotate(hash, 13n) * 5n + 0xe6546b64n);
  }
  hash ^= BigInt(bytes.length);
  hash = word((hash ^ (hash >> 16n)) * 0x85ebca6bn);
  hash = word((hash ^ (hash >> 13n)) * 0xc2b2ae35n);
  return Number(hash ^ (hash >> 16n));
}
