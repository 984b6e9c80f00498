/** The bucket of a key: the number in [0, 1) that it hashes to. */

import { Murmur3, murmur3 } from './murmur3.ts';

/** murmur3 of `salt:key`, divided by 2³². The same in every process and after every restart. */
export function bucketOf(salt: string, key: string): number {
  return murmur3(`${salt}:${key}`) / 2 ** 32;
}

/** `bucketOf` for many keys with one salt, which is hashed once. */
export function createBucketer(salt: string): (key: string) => number {
  const salted = new Murmur3(0).update(`${salt}:`);
  return (key) => salted.copy().update(key).digest() / 2 ** 32;
}
