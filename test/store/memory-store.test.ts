/** The store of one process. */

import { expect, test } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.ts';
import { describeStore } from './contract.ts';

describeStore('memoryStore()', async (clock) => memoryStore({ now: () => clock.now() }));

test('it says that it does not outlive the process', () => {
  expect(memoryStore().persistent).toBe(false);
});
