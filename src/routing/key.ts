/** Finds the key of a call: the identity that keeps its upstream. */

import type { Call, CallKey, KeySource } from '../domain/call.ts';
import { isKeyLike, kindOf } from '../domain/check.ts';
import { fields, isThenable } from '../domain/json.ts';
import { errorName } from '../events/warnings.ts';

/** The places where a call's key can be. Numbers and bigints are keys, too. Empty strings, `NaN` and other values are not. */
export interface KeyPlaces {
  /** `route({ key })` of the call. */
  readonly route: CallKey | undefined;
  /** The key of the enclosing `canary.run()`. */
  readonly context: CallKey | undefined;
  /** The header `x-canary-key`. */
  readonly header: string | undefined;
  /** The user's `key` function, which must not throw. Called only if no source above has a key. */
  readonly option: (() => CallKey | undefined) | undefined;
  /** The request's body, as the caller passed it. */
  readonly body: unknown;
  /** The key made from the conversation. Called only if no source above has a key. */
  readonly conversation: () => string | undefined;
}

/**
 * The first key in the order of `KeyPlaces`. In the body: `safety_identifier`, `prompt_cache_key`, `user`, then the
 * opening of the conversation. `undefined` if the call has no key.
 */
export function resolveKey({ route, context, header, option, body, conversation }: KeyPlaces): FoundKey | undefined {
  const { safety_identifier, prompt_cache_key, user } = fields(body);
  return (
    keyFrom(route, 'route') ??
    keyFrom(context, 'context') ??
    keyFrom(header, 'header') ??
    (option && keyFrom(option(), 'option')) ??
    keyFrom(safety_identifier, 'safety_identifier') ??
    keyFrom(prompt_cache_key, 'prompt_cache_key') ??
    keyFrom(user, 'user') ??
    keyFrom(conversation(), 'conversation')
  );
}

/** A key and its source. */
export interface FoundKey {
  readonly key: string;
  readonly source: KeySource;
}

function keyFrom(value: unknown, source: KeySource): FoundKey | undefined {
  if (!isKeyLike(value) || value === '' || Number.isNaN(value)) return undefined;
  return { key: typeof value === 'string' ? value : String(value), source };
}

/**
 * Wraps the user's `key` function for use in calls. If it throws, or returns something that cannot be a key, the call has no key from it, and
 * `failed` receives what is wrong.
 */
export function safeKey(
  key: (call: KeyContext) => CallKey | null | undefined,
  failed: (problem: string) => void,
): KeyOption {
  return ({ surface, model, task, attributes }, { body, headersOf }) => {
    try {
      const value: unknown = key({
        surface,
        model,
        task,
        attributes,
        body,
        get headers() {
          return headersOf();
        },
      });
      if (value === undefined || value === null || isKeyLike(value)) return value ?? undefined;
      failed(`returned ${isThenable(value) ? 'a promise' : kindOf(value)}, which cannot be a key`);
    } catch (error) {
      failed(`threw ${errorName(error)}`);
    }
    return undefined;
  };
}

/** A wrapped `key` function, which receives the call and its request. */
export type KeyOption = (
  call: Omit<Call, 'key' | 'keySource'>,
  request: { readonly body: unknown; readonly headersOf: () => Headers },
) => CallKey | undefined;

/** The view of a call that the `key` function receives. */
export interface KeyContext extends Pick<Call, 'surface' | 'model' | 'task' | 'attributes'> {
  /** The request's body, as the caller passed it. */
  readonly body: unknown;
  /** A copy of the headers that the call itself passes: `headers.get('x-tenant')`. Default headers of the client are not among them. */
  readonly headers: Headers;
}

/**
 * Notices a key that has most of the traffic: its calls all go to one upstream, whatever the weights are. Counts the calls of each key in
 * consecutive windows of `WINDOW` calls.
 */
export class KeyShares {
  #calls = 0;
  /** Calls by the bucket of their key. */
  readonly #counts = new Map<number, number>();
  /** The calls of the most frequent key, and where it was found. */
  #most = 0;
  #source: KeySource | undefined;
  readonly #found: (share: number, source: KeySource | undefined) => void;

  /** @param found receives the share of a key that has more than half of a window's calls, 0–1, and where the key was found */
  constructor(found: (share: number, source: KeySource | undefined) => void) {
    this.#found = found;
  }

  /** @param bucket the bucket of the call's key; `undefined` for a call without a key */
  note(bucket: number | undefined, source: KeySource | undefined): void {
    this.#calls += 1;
    if (bucket !== undefined) {
      const count = (this.#counts.get(bucket) ?? 0) + 1;
      this.#counts.set(bucket, count);
      if (count > this.#most) {
        this.#most = count;
        this.#source = source;
      }
    }
    if (this.#calls < WINDOW) return;
    if (this.#most > WINDOW / 2) this.#found(this.#most / WINDOW, this.#source);
    this.#calls = 0;
    this.#most = 0;
    this.#counts.clear();
  }
}

const WINDOW = 100;
