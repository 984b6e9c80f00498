/** What a user writes about answers that are given again. No logic. */

import type { Call } from '../domain/call.ts';
import { checkDuration, checkFunction, checkKeys, checkNumber, formatValue } from '../domain/check.ts';
import type { Duration } from '../domain/duration.ts';
import { ConfigError } from '../domain/errors.ts';
import type { CachePolicy } from './cache-policy.ts';

/** The view of a call that `when` and `key` get. */
export interface CacheContext extends Pick<Call, 'surface' | 'model' | 'stream' | 'key' | 'task' | 'attributes'> {
  /** The request's body, as the caller passed it: to be read only. */
  readonly body: unknown;
}

/**
 * Whole, successful answers are kept in memory, and given again to calls whose body, as their upstream would get it, is the very same. Calls
 * that continue a response or a conversation never are.
 */
export interface CacheOptions {
  /** How long an answer is given again. @default '5m' */
  readonly ttl?: Duration | undefined;
  /** Bytes of all answers together; the one that was given longest ago goes first. @default 64 MiB */
  readonly maxBytes?: number | undefined;
  /**
   * Which calls are cached. One that throws says no. @default embeddings, moderations, and what is no stream and has a `temperature` of 0
   */
  readonly when?: ((call: CacheContext) => boolean) | undefined;
  /** A tenant, a locale: calls are the same only where this is. Where it throws, the call is not cached. @default nothing */
  readonly key?: ((call: CacheContext) => string | undefined) | undefined;
  /**
   * `true`: who asks plays no part, neither the call's key nor the body's `user`, `safety_identifier` and `prompt_cache_key`. @default false: nobody gets
   * the answer to somebody else's call
   */
  readonly shared?: boolean | undefined;
}

/* PART: Checks the cache. */

/** @throws ConfigError */
export function resolveCache(cache: CacheOptions | undefined): CachePolicy | undefined {
  if (cache === undefined) return undefined;
  checkKeys('canary.cache', cache, ['ttl', 'maxBytes', 'when', 'key', 'shared']);
  const { ttl = '5m', maxBytes = 64 * 1_024 * 1_024, when, key, shared = false } = cache;
  if (typeof shared !== 'boolean') {
    throw new ConfigError('canary.cache.shared', `should be true or false, got ${formatValue(shared)}`);
  }
  return {
    ttlMs: checkDuration('canary.cache.ttl', ttl),
    maxBytes: checkNumber('canary.cache.maxBytes', maxBytes, { min: 1, integer: true }),
    when: checkFunction('canary.cache.when', when),
    key: checkFunction('canary.cache.key', key),
    shared,
  };
}
