/** Which calls are cached, and whose answers are whose. */

import type { Call } from '../domain/call.ts';
import { fields, isRecord } from '../domain/json.ts';

/** The view of a call that the user's functions get. */
type Seen = Pick<Call, 'surface' | 'model' | 'stream' | 'key' | 'task' | 'attributes'> & { readonly body: unknown };

/** The user's cache, resolved. */
export interface CachePolicy {
  readonly ttlMs: number;
  readonly maxBytes: number;
  readonly when: ((call: Seen) => boolean) | undefined;
  readonly key: ((call: Seen) => string | undefined) | undefined;
  readonly shared: boolean;
}

/**
 * Whether an answer to the call may be kept and given again. What continues a response or a conversation changes it, what runs in the background has no
 * answer yet, and what can be sent once only cannot be compared.
 *
 * @throws what `when` throws
 */
export function admits({ when }: CachePolicy, call: Call, body: unknown): boolean {
  if (call.surface === 'other' || !call.replayable || call.ownedId !== undefined || !isRecord(body)) return false;
  if (body.background === true) return false;
  if (!when) return isRepeatable(call, body);
  // Of JavaScript it may say anything; a promise is no yes.
  const said: unknown = when(seen(call, body));
  return said === true;
}

/**
 * Who may be given the same answer, and the body's fields that play no part in that.
 *
 * @throws what `key` throws
 */
export function partitionOf(
  { key, shared }: CachePolicy,
  call: Call,
  body: unknown,
): { readonly partition: readonly (string | null)[]; readonly ignored: readonly string[] } {
  const own = key?.(seen(call, body)) ?? null;
  return shared ? { partition: [own], ignored: IDENTITIES } : { partition: [own, call.key ?? null], ignored: NONE };
}

/** The body's fields that say who asks. */
const IDENTITIES: readonly string[] = ['user', 'safety_identifier', 'prompt_cache_key'];
const NONE: readonly string[] = [];

/** The same words are to be expected again. */
function isRepeatable({ surface, stream }: Call, body: unknown): boolean {
  if (surface === 'embeddings' || surface === 'moderations') return true;
  return !stream && fields(body).temperature === 0;
}

function seen({ surface, model, stream, key, task, attributes }: Call, body: unknown): Seen {
  return { surface, model, stream, key, task, attributes, body };
}
