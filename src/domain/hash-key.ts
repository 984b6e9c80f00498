/** Stands in for a key outside of the process. */

import { hash } from 'node:crypto';

/**
 * The first 16 hexadecimal digits of the key's SHA-256. With the key one can find its row; the row does not reveal the
 * key.
 */
export function hashKey(key: string): string {
  return hash('sha256', key, 'hex').slice(0, 16);
}
