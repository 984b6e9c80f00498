/** What a store must do with values, and with texts if it keeps them. */

import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import type { Json } from '../../domain/store.ts';
import type { StoreRule } from './store-rule.ts';

export const valueRules: readonly StoreRule[] = [
  {
    name: 'reads undefined for a key that was never written',
    check: async ({ store }) => {
      strictEqual(await store.read('rollout'), undefined);
      strictEqual(await store.read('constructor'), undefined);
    },
  },
  {
    name: 'reads back what was written',
    check: async ({ store }) => {
      const value: Json = { step: 2, weights: [0.5, null], note: 'ä', on: true };
      strictEqual(await store.write('a', value, 0), true);
      await store.write('b', 1, 0);
      deepStrictEqual(await store.read('a'), value);
      strictEqual(await store.read('b'), 1);
    },
  },
  {
    name: 'is not changed by mutating a written or read value',
    check: async ({ store }) => {
      const value = { step: 1 };
      await store.write('a', value, 0);
      value.step = 7;
      const read = (await store.read('a')) as { step: number };
      read.step = 8;
      deepStrictEqual(await store.read('a'), { step: 1 });
    },
  },
  {
    name: 'lists the keys with a prefix that have a value, sorted',
    check: async ({ store }) => {
      deepStrictEqual(await store.keys('rollout:'), []);
      await store.write('rollout:b', 1, 0);
      await store.write('rollout:a', null, 0);
      await store.write('other', 1, 0);
      await store.lease('rollout:c', 'one', 1_000);
      deepStrictEqual(await store.keys('rollout:'), ['rollout:a', 'rollout:b']);
    },
  },
  {
    name: 'has both remember and recall, or neither',
    check: async ({ store }) => strictEqual(typeof store.remember, typeof store.recall),
  },
  {
    name: 'keeps texts for a time, apart from values',
    check: async ({ store, advance }) => {
      if (!store.remember || !store.recall) return;
      await store.remember({ a: 'one', constructor: 'two' }, 1_000);
      await store.remember({ b: 'three' }, 5_000);
      deepStrictEqual(await store.recall(['b', 'a', 'c', 'constructor', 'toString']), [
        'three',
        'one',
        undefined,
        'two',
        undefined,
      ]);
      deepStrictEqual(await store.keys(''), []);
      await advance(1_000);
      deepStrictEqual(await store.recall(['a', 'b']), [undefined, 'three']);
      await store.remember({ b: 'four' }, 5_000);
      await advance(4_999);
      deepStrictEqual(await store.recall(['b']), ['four']);
    },
  },
];
