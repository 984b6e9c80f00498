/** The number that a key hashes to. */

import { Murmur3, murmur3 } from './murmur3.ts';

/** In [0, 1): murmur3 of `salt:key` over 2³². The same in every process and after every restart. */
export function bucketOf(salt: string, key: string): number {
  return murmur3(`${salt}:${key}`) / 2 ** 32;
}

/** `bucketOf` for many keys of one salt, which is hashed once. */
export function createBucketer(salt: string): (key: string) => number {
  const salted = new Murmur3(0).update(`${salt}:`);
  return (key) => salted.copy().update(key).digest() / 2 ** 32;
}
