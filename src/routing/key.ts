/** Finds the identity that must keep its upstream. */

import type { KeySource, Surface } from '../domain/call.ts';
import { fields } from '../domain/record.ts';
import { conversationKey } from './conversation.ts';

/** Where a call's key may stand. Empty strings, and whatever is no string, are no keys. */
export interface KeyPlaces {
  /** `route({ key })` of the call. */
  readonly route: string | undefined;
  /** The key of the surrounding `canary.run()`. */
  readonly context: string | undefined;
  /** The header `x-canary-key`. */
  readonly header: string | undefined;
  /** The user's own `key` function, which must not throw; called only where none of the above has a key. */
  readonly option: (() => string | undefined) | undefined;
  /** The request's body, as the caller passed it. */
  readonly body: unknown;
  readonly surface: Surface;
}

/**
 * The first key, in the order of `KeyPlaces`; of the body `safety_identifier`, `prompt_cache_key` and `user`, then the
 * opening of the conversation. `undefined` where a call has none.
 */
export function resolveKey(places: KeyPlaces): { key: string; source: KeySource } | undefined {
  for (const [source, read] of PLACES) {
    const key = read(places);
    if (isKey(key)) return { key, source };
  }
  return undefined;
}

const PLACES: readonly (readonly [KeySource, (places: KeyPlaces) => unknown])[] = [
  ['route', ({ route }) => route],
  ['context', ({ context }) => context],
  ['header', ({ header }) => header],
  ['option', ({ option }) => option?.()],
  ['safety_identifier', ({ body }) => fields(body).safety_identifier],
  ['prompt_cache_key', ({ body }) => fields(body).prompt_cache_key],
  ['user', ({ body }) => fields(body).user],
  ['conversation', ({ surface, body }) => conversationKey(surface, body)],
];

function isKey(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
