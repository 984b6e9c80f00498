/** Who may ask. */

import { errorReply } from '../answers/errors.ts';
import type { ErrorReply } from '../answers/errors.ts';

/** The refusal of a request without the right key, as bearer token or `api-key` header; the key is masked as OpenAI does. */
export function checkKey(
  headers: Readonly<Record<string, string>>,
  expected: string | undefined,
  echoes = false,
): ErrorReply | undefined {
  if (expected === undefined) return undefined;
  const given = headers['authorization']?.replace(/^Bearer\s+/i, '') ?? headers['api-key'];
  if (given === expected) return undefined;
  if (given === undefined || given === '') {
    return errorReply(401, { message: "You didn't provide an API key.", code: null });
  }
  return errorReply(401, { message: `Incorrect API key provided: ${echoes ? given : mask(given)}.` });
}

function mask(key: string): string {
  return key.length <= 12 ? '*'.repeat(key.length) : `${key.slice(0, 8)}${'*'.repeat(key.length - 12)}${key.slice(-4)}`;
}
