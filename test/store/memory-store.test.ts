/** The store in memory. */

import { expect, test } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.ts';
import { describeStore } from './contract.ts';

describeStore('memoryStore()', async (clock) => memoryStore({ now: () => clock.now() }));

test('a memory store is not persistent', () => {
  expect(memoryStore().persistent).toBe(false);
});
