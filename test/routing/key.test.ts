import { expect, test, vi } from 'vitest';
import { type KeyPlaces, resolveKey } from '../../src/routing/key.ts';

const nowhere: KeyPlaces = {
  route: undefined,
  context: undefined,
  header: undefined,
  option: () => undefined,
  body: undefined,
  conversation: () => undefined,
};

const everywhere: KeyPlaces = {
  route: 'by route',
  context: 'by context',
  header: 'by header',
  option: () => 'by option',
  body: {
    safety_identifier: 'by safety identifier',
    prompt_cache_key: 'by cache key',
    user: 'by user',
  },
  conversation: () => 'by conversation',
};

test('the source closest to the call wins', () => {
  const found = [];
  let places = everywhere;
  for (;;) {
    const key = resolveKey(places);
    if (key === undefined) break;
    found.push(key.source);
    places = without(places, key.source);
  }
  expect(found).toEqual([
    'route',
    'context',
    'header',
    'option',
    'safety_identifier',
    'prompt_cache_key',
    'user',
    'conversation',
  ]);
});

test('the key comes with its source', () => {
  expect(resolveKey({ ...nowhere, header: 'tenant-7' })).toEqual({ key: 'tenant-7', source: 'header' });
  expect(resolveKey({ ...nowhere, body: { user: 'u-1' } })).toEqual({ key: 'u-1', source: 'user' });
});

test('the key function is not called if the call names its key', () => {
  const option = vi.fn(() => 'by option');
  resolveKey({ ...nowhere, header: 'by header', option });
  expect(option).not.toHaveBeenCalled();
});

test('the body is read if the key function returns no key', () => {
  expect(resolveKey({ ...nowhere, body: { user: 'u-1' } })?.source).toBe('user');
});

test.each([[''], [Number.NaN], [null], [true], [{ id: 'u-1' }]])('%j is not a key in any place', (value) => {
  const none = value as string;
  const body = { safety_identifier: none, prompt_cache_key: none, user: none };
  const places = { ...nowhere, route: none, context: none, header: none, option: () => none, body };
  expect(resolveKey(places)).toBeUndefined();
});

test.each([[undefined], [null], ['raw body'], [7]])('the body %j has no key', (body) => {
  expect(resolveKey({ ...nowhere, body })).toBeUndefined();
});

test.each([
  [42, '42'],
  [0, '0'],
  [9007199254740993n, '9007199254740993'],
])('%s is the same key as its text in any place', (value, text) => {
  for (const places of [{ route: value }, { context: value }, { option: () => value }, { body: { user: value } }]) {
    expect(resolveKey({ ...nowhere, ...places })?.key).toBe(text);
  }
});

/** The same places without the one found last. */
function without(places: KeyPlaces, source: string): KeyPlaces {
  if (source === 'option' || source === 'conversation') return { ...places, [source]: () => undefined };
  if (source in places) return { ...places, [source]: undefined };
  return { ...places, body: { ...(places.body as object), [source]: undefined } };
}
