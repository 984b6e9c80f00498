/** The contract of every store, on the manual clock. */

import { describe, test } from 'vitest';
import type { Store } from '../../src/domain/store.ts';
import { ManualClock, runStoreSuite } from '../../src/testing/index.ts';

/** Creates an empty store that takes the time from `clock`. */
export type MakeStore = (clock: ManualClock) => Promise<Store>;

export function describeStore(name: string, make: MakeStore): void {
  describe(`${name} keeps the contract of a store:`, () => {
    runStoreSuite({
      test,
      create: async () => {
        const clock = new ManualClock();
        return { store: await make(clock), advance: (ms) => clock.jump(ms) };
      },
    });
  });
}

/** What a store has of three texts, after one more than `count`: of the first, the second and the last. */
export async function keptOfMany(store: Store, count: number): Promise<readonly (string | undefined)[] | undefined> {
  await store.remember?.({ first: 'x' }, 1_000_000);
  const texts = Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'x']));
  await store.remember?.(texts, 1_000_000);
  return store.recall?.(['first', 'k0', `k${count - 1}`]);
}
