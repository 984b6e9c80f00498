/** Finds the key of a call: the identity that keeps its upstream. */

import type { Call, KeySource, Surface } from '../domain/call.ts';
import { fields } from '../domain/json.ts';
import { conversationKey } from './conversation.ts';

/** The places where a call's key can be. Empty strings and values other than strings are not keys. */
export interface KeyPlaces {
  /** `route({ key })` of the call. */
  readonly route: string | undefined;
  /** The key of the enclosing `canary.run()`. */
  readonly context: string | undefined;
  /** The header `x-canary-key`. */
  readonly header: string | undefined;
  /** The user's `key` function, which must not throw. Called only if no source above has a key. */
  readonly option: (() => string | undefined) | undefined;
  /** The request's body, as the caller passed it. */
  readonly body: unknown;
  readonly surface: Surface;
}

/**
 * The first key in the order of `KeyPlaces`. In the body: `safety_identifier`, `prompt_cache_key`, `user`, then the
 * opening of the conversation. `undefined` if the call has no key.
 */
export function resolveKey({ route, context, header, option, body, surface }: KeyPlaces): FoundKey | undefined {
  if (isKey(route)) return { key: route, source: 'route' };
  if (isKey(context)) return { key: context, source: 'context' };
  if (isKey(header)) return { key: header, source: 'header' };
  const named = option?.();
  if (isKey(named)) return { key: named, source: 'option' };
  const { safety_identifier, prompt_cache_key, user } = fields(body);
  if (isKey(safety_identifier)) return { key: safety_identifier, source: 'safety_identifier' };
  if (isKey(prompt_cache_key)) return { key: prompt_cache_key, source: 'prompt_cache_key' };
  if (isKey(user)) return { key: user, source: 'user' };
  const conversation = conversationKey(surface, body);
  return isKey(conversation) ? { key: conversation, source: 'conversation' } : undefined;
}

/** A key and its source. */
export interface FoundKey {
  readonly key: string;
  readonly source: KeySource;
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/**
 * Wraps the user's `key` function for use in calls: if it throws, it returns no key and `failed` receives the
 * error.
 */
export function safeKey(key: (call: KeyContext) => string | undefined, failed: (error: unknown) => void): KeyOption {
  return ({ surface, model, task, attributes }, body) => {
    try {
      return key({ surface, model, task, attributes, body });
    } catch (error) {
      failed(error);
      return undefined;
    }
  };
}

/** A wrapped `key` function, which receives the call and its body. */
export type KeyOption = (call: Omit<Call, 'key' | 'keySource'>, body: unknown) => string | undefined;

/** The view of a call that the `key` function receives. */
export interface KeyContext extends Pick<Call, 'surface' | 'model' | 'task' | 'attributes'> {
  /** The request's body, as the caller passed it. */
  readonly body: unknown;
}
