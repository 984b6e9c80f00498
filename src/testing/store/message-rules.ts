/** What a store must do with the messages of boxes. */

import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import type { StoredMessage } from '../../domain/store.ts';
import type { StoreRule } from './store-rule.ts';

export const messageRules: readonly StoreRule[] = [
  {
    name: 'returns the messages of a box in order, after the given id',
    check: async ({ store }) => {
      deepStrictEqual(await store.messages('box', 0), []);
      await store.post('box', { verb: 'pause' });
      await store.post('box', { verb: 'resume' });
      await store.post('other', { verb: 'promote' });
      const kept = await store.messages('box', 0);
      deepStrictEqual(contentOf(kept), [{ verb: 'pause' }, { verb: 'resume' }]);
      assertRising(kept);
      const [first, second] = kept;
      deepStrictEqual(await store.messages('box', first?.id ?? 0), [second]);
      deepStrictEqual(await store.messages('box', second?.id ?? 0), []);
    },
  },
  {
    name: 'keeps the latest 100 messages of a box with rising ids',
    check: async ({ store }) => {
      for (let index = 1; index <= 103; index++) await store.post('box', index);
      const kept = await store.messages('box', 0);
      deepStrictEqual(
        contentOf(kept),
        Array.from({ length: 100 }, (_, index) => index + 4),
      );
      assertRising(kept);
    },
  },
  {
    name: 'applies all concurrent changes',
    check: async ({ store }) => {
      await Promise.all([1, 2, 3, 4, 5, 6].map((index) => store.post('box', index)));
      const kept = await store.messages('box', 0);
      deepStrictEqual(new Set(contentOf(kept)), new Set([1, 2, 3, 4, 5, 6]));
      strictEqual(kept.length, 6);
      assertRising(kept);
    },
  },
];

/** The messages without their ids. */
export function contentOf(messages: readonly StoredMessage[]): readonly StoredMessage['message'][] {
  return messages.map(({ message }) => message);
}

function assertRising(messages: readonly StoredMessage[]): void {
  let last = 0;
  for (const { id } of messages) {
    ok(Number.isSafeInteger(id) && id > last, `an id should be a whole number above ${last}, got ${id}`);
    last = id;
  }
}
