/** Validation and defaults of the `cache` option. */

import { expect, test } from 'vitest';
import { resolveCache } from '../../src/cache/options.ts';

const refusals: readonly (readonly [unknown, string])[] = [
  [
    { ttl: 0 },
    "canary.cache.ttl should be a number of ms or a string like '250ms', '30s', '5m', '4h', '1d', above 0, got 0",
  ],
  [{ maxBytes: 0.5 }, 'canary.cache.maxBytes should be a whole number, at least 1, got 0.5'],
  [{ when: true }, 'canary.cache.when should be a function, got true'],
  [{ key: 'user' }, 'canary.cache.key should be a function, got a string'],
  [{ shared: 'yes' }, 'canary.cache.shared should be true or false, got "yes"'],
  [{ tll: '5m' }, 'canary.cache.tll is not an option; did you mean ttl?'],
  [null, 'canary.cache should be an object, got null'],
];

test.each(refusals)('%j is rejected with the path of the option', (cache, message) => {
  // No compiler checks what these tests pass.
  expect(() => resolveCache(cache as never)).toThrow(expect.objectContaining({ code: 'CONFIG', message }));
});

test('an empty cache option stores 64 MiB for 5 minutes, and there is no cache without the option', () => {
  expect(resolveCache({})).toMatchObject({ ttlMs: 300_000, maxBytes: 67_108_864, shared: false });
  expect(resolveCache(undefined)).toBeUndefined();
});
