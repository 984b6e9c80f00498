/** Stand-ins for keys: a hash outside of the process, a short form in memory. */

import { hash } from 'node:crypto';

/**
 * The first 16 hexadecimal digits of the key's SHA-256. With the key one can find its row; the row does not reveal the
 * key.
 */
export function hashKey(key: string): string {
  return hash('sha256', key, 'hex').slice(0, 16);
}

/** The form of a key that is kept in memory: the key itself, or its hash if it is long. */
export function shortKey(key: string): string {
  return key.length <= SHORT_KEY_CHARACTERS ? key : hashKey(key);
}

const SHORT_KEY_CHARACTERS = 64;
