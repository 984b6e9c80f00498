/** What every store promises. */

import { describe, expect, test } from 'vitest';
import type { Json, Store } from '../../src/domain/store.ts';
import { ManualClock } from '../../src/testing/index.ts';

/** Makes an empty store whose time is that of `clock`. */
export type MakeStore = (clock: ManualClock) => Promise<Store>;

export function describeStore(name: string, make: MakeStore): void {
  describe(`${name} keeps the contract of a store:`, () => {
    const world = async () => {
      const clock = new ManualClock();
      return { clock, store: await make(clock) };
    };

    test('what was never written is undefined', async () => {
      const { store } = await world();
      expect(await store.read('rollout')).toBeUndefined();
      expect(await store.read('constructor')).toBeUndefined();
    });

    test('what was written is read back', async () => {
      const { store } = await world();
      const value: Json = { step: 2, weights: [0.5, null], note: 'ä', on: true };
      expect(await store.write('a', value, 0)).toBe(true);
      await store.write('b', 1, 0);
      expect(await store.read('a')).toEqual(value);
      expect(await store.read('b')).toBe(1);
    });

    test('changing what was given or read changes nothing in the store', async () => {
      const { store } = await world();
      const value = { step: 1 };
      await store.write('a', value, 0);
      value.step = 7;
      const read = (await store.read('a')) as { step: number };
      read.step = 8;
      expect(await store.read('a')).toEqual({ step: 1 });
    });

    test('one holder at a time has the lease of a key', async () => {
      const { store } = await world();
      expect(await store.lease('a', 'one', 1_000)).toEqual({ fence: 1 });
      expect(await store.lease('a', 'two', 1_000)).toBeUndefined();
      expect(await store.lease('b', 'two', 1_000)).toEqual({ fence: 1 });
    });

    test('of many who ask at once one gets it', async () => {
      const { store } = await world();
      const leases = await Promise.all(['1', '2', '3', '4', '5'].map((holder) => store.lease('a', holder, 1_000)));
      expect(leases.filter((lease) => lease !== undefined)).toEqual([{ fence: 1 }]);
    });

    test('a holder prolongs its lease under the same fence', async () => {
      const { store, clock } = await world();
      await store.lease('a', 'one', 1_000);
      clock.jump(900);
      expect(await store.lease('a', 'one', 1_000)).toEqual({ fence: 1 });
      clock.jump(900);
      expect(await store.lease('a', 'two', 1_000)).toBeUndefined();
    });

    test('a lease that ran out goes to the next, under a higher fence', async () => {
      const { store, clock } = await world();
      await store.lease('a', 'one', 1_000);
      clock.jump(1_000);
      expect(await store.lease('a', 'two', 1_000)).toEqual({ fence: 2 });
      expect(await store.lease('a', 'one', 1_000)).toBeUndefined();
    });

    test('a lease that was given back is free at once, and nobody gives back another’s', async () => {
      const { store } = await world();
      await store.lease('a', 'one', 1_000);
      await store.release('a', 'two');
      expect(await store.lease('a', 'two', 1_000)).toBeUndefined();
      await store.release('a', 'one');
      expect(await store.lease('a', 'two', 1_000)).toEqual({ fence: 2 });
    });

    test('who lost the lease without knowing it writes nothing any more', async () => {
      const { store, clock } = await world();
      await store.lease('a', 'one', 1_000);
      expect(await store.write('a', 'by one', 1)).toBe(true);
      clock.jump(2_000);
      await store.lease('a', 'two', 1_000);
      expect(await store.write('a', 'by one again', 1)).toBe(false);
      expect(await store.write('a', 'by two', 2)).toBe(true);
      expect(await store.read('a')).toBe('by two');
    });

    test('a box gives its messages in order, after the one that was read last', async () => {
      const { store } = await world();
      expect(await store.messages('box', 0)).toEqual([]);
      await store.post('box', { verb: 'pause' });
      await store.post('box', { verb: 'resume' });
      await store.post('other', { verb: 'promote' });
      expect(await store.messages('box', 0)).toEqual([
        { id: 1, message: { verb: 'pause' } },
        { id: 2, message: { verb: 'resume' } },
      ]);
      expect(await store.messages('box', 1)).toEqual([{ id: 2, message: { verb: 'resume' } }]);
      expect(await store.messages('box', 2)).toEqual([]);
    });

    test('a box keeps the latest hundred, and their ids go on rising', async () => {
      const { store } = await world();
      for (let index = 1; index <= 103; index++) await store.post('box', index);
      const kept = await store.messages('box', 0);
      expect(kept).toHaveLength(100);
      expect(kept.at(0)).toEqual({ id: 4, message: 4 });
      expect(kept.at(-1)).toEqual({ id: 103, message: 103 });
    });

    test('changes made at once are all made', async () => {
      const { store } = await world();
      await Promise.all([1, 2, 3, 4, 5, 6].map((index) => store.post('box', index)));
      expect((await store.messages('box', 0)).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6]);
    });
  });
}
