/** What stands for a key outside of the process. */

import { hash } from 'node:crypto';

/** The first 16 hexadecimal digits of the key's SHA-256: who has the key finds its row, and a row does not give away the key. */
export function hashKey(key: string): string {
  return hash('sha256', key, 'hex').slice(0, 16);
}

/** What stands for a key in memory: itself, or its hash where it is long. */
export function shortKey(key: string): string {
  return key.length <= SHORT_KEY_CHARACTERS ? key : hashKey(key);
}

const SHORT_KEY_CHARACTERS = 64;
