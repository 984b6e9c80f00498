/** The options of the cache, and how they are checked. */

import type { Call } from '../domain/call.ts';
import { checkBoolean, checkDuration, checkFunction, checkKeys, checkNumber } from '../domain/check.ts';
import type { Duration } from '../domain/duration.ts';
import type { CachePolicy } from './cache-policy.ts';

/** The view of a call that `when` and `key` receive. */
export interface CacheContext extends Pick<Call, 'surface' | 'model' | 'stream' | 'key' | 'task' | 'attributes'> {
  /** The request body as the caller passed it. Do not modify it. */
  readonly body: unknown;
}

/**
 * Stores whole, successful answers in memory and replays them to calls that would send the same body to the same upstream. Calls that continue a
 * response or a conversation are never cached.
 */
export interface CacheOptions {
  /** How long an answer is replayed. @default '5m' */
  readonly ttl?: Duration | undefined;
  /** The total size of all answers, in bytes; the least recently used answer is evicted first. @default 64 MiB */
  readonly maxBytes?: number | undefined;
  /**
   * Decides whether a call is cached. If it throws, the call is not cached. @default embeddings, moderations, and non-streaming calls with a
   * `temperature` of 0
   */
  readonly when?: ((call: CacheContext) => boolean) | undefined;
  /**
   * An additional part of the cache key, such as a tenant or a locale. If it throws, the call is not cached. @default no additional part
   */
  readonly key?: ((call: CacheContext) => string | undefined) | undefined;
  /**
   * Whether calls of different users share answers. `true` ignores the call's key and the body's `user`, `safety_identifier` and `prompt_cache_key`.
   * @default false
   */
  readonly shared?: boolean | undefined;
}

/**
 * Checks the options and fills in the defaults; `undefined` without a cache.
 *
 * @throws ConfigError
 */
export function resolveCache(cache: CacheOptions | undefined): CachePolicy | undefined {
  if (cache === undefined) return undefined;
  checkKeys('canary.cache', cache, ['ttl', 'maxBytes', 'when', 'key', 'shared']);
  const { ttl = '5m', maxBytes = 64 * 1_024 * 1_024, when, key, shared = false } = cache;
  return {
    ttlMs: checkDuration('canary.cache.ttl', ttl),
    maxBytes: checkNumber('canary.cache.maxBytes', maxBytes, { min: 1, integer: true }),
    when: checkFunction('canary.cache.when', when),
    key: checkFunction('canary.cache.key', key),
    shared: checkBoolean('canary.cache.shared', shared),
  };
}
