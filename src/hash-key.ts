/** What stands for a key outside of the process. */

import { createHash } from 'node:crypto';

/** The first 16 hexadecimal digits of the key's SHA-256: who has the key finds its row, and a row does not give away the key. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}
