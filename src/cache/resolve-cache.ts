/** Checks the cache. */

import type { CacheOptions } from './options.ts';
import { checkDuration, checkFunction, checkKeys, checkNumber, show } from '../domain/check.ts';
import type { CachePolicy } from './cache-policy.ts';
import { ConfigError } from '../domain/errors.ts';

/** @throws ConfigError */
export function resolveCache(cache: CacheOptions | undefined): CachePolicy | undefined {
  if (cache === undefined) return undefined;
  checkKeys('canary.cache', cache, ['ttl', 'maxBytes', 'when', 'key', 'shared']);
  const { ttl = '5m', maxBytes = 64 * 1_024 * 1_024, when, key, shared = false } = cache;
  if (typeof shared !== 'boolean') {
    throw new ConfigError('canary.cache.shared', `should be true or false, got ${show(shared)}`);
  }
  return {
    ttlMs: checkDuration('canary.cache.ttl', ttl),
    maxBytes: checkNumber('canary.cache.maxBytes', maxBytes, { min: 1, integer: true }),
    when: checkFunction('canary.cache.when', when),
    key: checkFunction('canary.cache.key', key),
    shared,
  };
}
