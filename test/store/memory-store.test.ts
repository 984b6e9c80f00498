/** The store in memory. */

import { expect, test } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.ts';
import { describeStore, keptOfMany } from './contract.ts';

describeStore('memoryStore()', async (clock) => memoryStore({ now: () => clock.now() }));

test('a memory store is not persistent', () => {
  expect(memoryStore().persistent).toBe(false);
});

test('a memory store forgets the oldest of more than 10,000 texts', async () => {
  expect(await keptOfMany(memoryStore(), 10_000)).toEqual([undefined, 'x', 'x']);
});
