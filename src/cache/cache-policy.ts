/** Which calls are cached, and which calls may share an answer. */

import type { Call } from '../domain/call.ts';
import { fields, isRecord } from '../domain/json.ts';

/** The view of a call that the user's functions receive. */
type CallView = Pick<Call, 'surface' | 'model' | 'stream' | 'key' | 'task' | 'attributes'> & { readonly body: unknown };

/** The resolved options of the cache. */
export interface CachePolicy {
  readonly ttlMs: number;
  readonly maxBytes: number;
  readonly when: ((call: CallView) => boolean) | undefined;
  readonly key: ((call: CallView) => string | undefined) | undefined;
  readonly shared: boolean;
}

/**
 * Whether the answer to the call may be stored and replayed. A call that continues a response or a conversation changes it, a background call has no
 * answer yet, and the body of a call that can be sent only once cannot be compared. A stored answer was not checked by the `accept` of a
 * single call.
 *
 * @throws errors of `when`
 */
export function admits({ when }: CachePolicy, call: Call, body: unknown): boolean {
  if (call.surface === 'other' || !call.replayable || call.ownedId !== undefined || !isRecord(body)) return false;
  if (body.background === true || call.accept !== undefined) return false;
  if (!when) return isRepeatable(call, body);
  // JavaScript callers may return anything: a promise does not count as true.
  const result: unknown = when(viewOf(call, body));
  return result === true;
}

/**
 * The partition within which calls may share an answer, and the body fields that the cache key ignores.
 *
 * @throws errors of `key`
 */
export function partitionOf(
  { key, shared }: CachePolicy,
  call: Call,
  body: unknown,
): { readonly partition: readonly (string | null)[]; readonly ignored: readonly string[] } {
  const cacheKey = key?.(viewOf(call, body)) ?? null;
  // The key of a conversation comes from its body, which is part of the cache key already.
  const identity = call.keySource === 'conversation' ? undefined : call.key;
  return shared
    ? { partition: [cacheKey], ignored: IDENTITIES }
    : { partition: [cacheKey, identity ?? null], ignored: NONE };
}

/** Body fields that identify the user. */
const IDENTITIES: readonly string[] = ['user', 'safety_identifier', 'prompt_cache_key'];
const NONE: readonly string[] = [];

/** Whether the same request should produce the same answer. */
function isRepeatable({ surface, stream }: Call, body: unknown): boolean {
  if (surface === 'embeddings' || surface === 'moderations') return true;
  return !stream && fields(body).temperature === 0;
}

function viewOf({ surface, model, stream, key, task, attributes }: Call, body: unknown): CallView {
  return { surface, model, stream, key, task, attributes, body };
}
