/** What a store must do with the blocks of logs. */

import { deepStrictEqual, ok } from 'node:assert/strict';
import type { Store } from '../../domain/store.ts';
import { contentOf } from './message-rules.ts';
import type { StoreRule } from './store-rule.ts';

export const blockRules: readonly StoreRule[] = [
  {
    name: 'returns the blocks of a log in order, after the given id',
    check: async ({ store }) => {
      deepStrictEqual(await store.blocks('log', 0), []);
      await store.addBlock('log', { source: 'one', sequence: 1, message: [3, 4] });
      await store.addBlock('log', { source: 'two', sequence: 1, message: [5] });
      await store.addBlock('other', { source: 'one', sequence: 1, message: [6] });
      const kept = await store.blocks('log', 0);
      deepStrictEqual(contentOf(kept), [[3, 4], [5]]);
      deepStrictEqual(contentOf(await store.blocks('log', kept[0]?.id ?? 0)), [[5]]);
    },
  },
  {
    name: 'adds a block with a sequence number that its source has used already only once',
    check: async ({ store }) => {
      for (const sequence of [1, 1, 3, 2]) await add(store, 'one', sequence);
      await add(store, 'two', 1);
      deepStrictEqual(contentOf(await store.blocks('log', 0)), [1, 3, 1]);
    },
  },
  {
    name: 'adds a block once that is sent several times at once',
    check: async ({ store }) => {
      await Promise.all([1, 1, 1, 1].map((sequence) => add(store, 'one', sequence)));
      deepStrictEqual(contentOf(await store.blocks('log', 0)), [1]);
    },
  },
  {
    name: 'neither returns dropped blocks nor uses their ids and sequence numbers again',
    check: async ({ store }) => {
      for (const sequence of [1, 2, 3]) await add(store, 'one', sequence);
      const [, second, third] = await store.blocks('log', 0);
      await store.dropBlocks('log', second?.id ?? 0);
      await store.dropBlocks('none', 2);
      deepStrictEqual(await store.blocks('log', 0), [third]);
      await store.dropBlocks('log', third?.id ?? 0);
      for (const sequence of [3, 4]) await add(store, 'one', sequence);
      const kept = await store.blocks('log', 0);
      deepStrictEqual(contentOf(kept), [4]);
      ok((kept[0]?.id ?? 0) > (third?.id ?? 0));
    },
  },
];

function add(store: Store, source: string, sequence: number): Promise<void> {
  return store.addBlock('log', { source, sequence, message: sequence });
}
