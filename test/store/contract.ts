/** The contract of every store. */

import { describe, expect, test } from 'vitest';
import type { Json, Store } from '../../src/domain/store.ts';
import { ManualClock } from '../../src/testing/index.ts';

/** Creates an empty store that takes the time from `clock`. */
export type MakeStore = (clock: ManualClock) => Promise<Store>;

export function describeStore(name: string, make: MakeStore): void {
  describe(`${name} keeps the contract of a store:`, () => {
    const setUp = async () => {
      const clock = new ManualClock();
      return { clock, store: await make(clock) };
    };

    test('reads undefined for a key that was never written', async () => {
      const { store } = await setUp();
      expect(await store.read('rollout')).toBeUndefined();
      expect(await store.read('constructor')).toBeUndefined();
    });

    test('reads back what was written', async () => {
      const { store } = await setUp();
      const value: Json = { step: 2, weights: [0.5, null], note: 'ä', on: true };
      expect(await store.write('a', value, 0)).toBe(true);
      await store.write('b', 1, 0);
      expect(await store.read('a')).toEqual(value);
      expect(await store.read('b')).toBe(1);
    });

    test('is not changed by mutating a written or read value', async () => {
      const { store } = await setUp();
      const value = { step: 1 };
      await store.write('a', value, 0);
      value.step = 7;
      const read = (await store.read('a')) as { step: number };
      read.step = 8;
      expect(await store.read('a')).toEqual({ step: 1 });
    });

    test('leases a key to one holder at a time', async () => {
      const { store } = await setUp();
      expect(await store.lease('a', 'one', 1_000)).toEqual({ fence: 1 });
      expect(await store.lease('a', 'two', 1_000)).toBeUndefined();
      expect(await store.lease('b', 'two', 1_000)).toEqual({ fence: 1 });
    });

    test('gives the lease to one of several concurrent holders', async () => {
      const { store } = await setUp();
      const leases = await Promise.all(['1', '2', '3', '4', '5'].map((holder) => store.lease('a', holder, 1_000)));
      expect(leases.filter((lease) => lease !== undefined)).toEqual([{ fence: 1 }]);
    });

    test('renews a lease under the same fence', async () => {
      const { store, clock } = await setUp();
      await store.lease('a', 'one', 1_000);
      clock.jump(900);
      expect(await store.lease('a', 'one', 1_000)).toEqual({ fence: 1 });
      clock.jump(900);
      expect(await store.lease('a', 'two', 1_000)).toBeUndefined();
    });

    test('leases an expired key to the next holder under a higher fence', async () => {
      const { store, clock } = await setUp();
      await store.lease('a', 'one', 1_000);
      clock.jump(1_000);
      expect(await store.lease('a', 'two', 1_000)).toEqual({ fence: 2 });
      expect(await store.lease('a', 'one', 1_000)).toBeUndefined();
    });

    test('frees a released lease at once, and ignores a release by another holder', async () => {
      const { store } = await setUp();
      await store.lease('a', 'one', 1_000);
      await store.release('a', 'two');
      expect(await store.lease('a', 'two', 1_000)).toBeUndefined();
      await store.release('a', 'one');
      expect(await store.lease('a', 'two', 1_000)).toEqual({ fence: 2 });
    });

    test('refuses a write with a fence that is out of date', async () => {
      const { store, clock } = await setUp();
      await store.lease('a', 'one', 1_000);
      expect(await store.write('a', 'by one', 1)).toBe(true);
      clock.jump(2_000);
      await store.lease('a', 'two', 1_000);
      expect(await store.write('a', 'by one again', 1)).toBe(false);
      expect(await store.write('a', 'by two', 2)).toBe(true);
      expect(await store.read('a')).toBe('by two');
    });

    test('returns the messages of a box in order, after the given id', async () => {
      const { store } = await setUp();
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

    test('keeps the latest 100 messages of a box with rising ids', async () => {
      const { store } = await setUp();
      for (let index = 1; index <= 103; index++) await store.post('box', index);
      const kept = await store.messages('box', 0);
      expect(kept).toHaveLength(100);
      expect(kept.at(0)).toEqual({ id: 4, message: 4 });
      expect(kept.at(-1)).toEqual({ id: 103, message: 103 });
    });

    test('lists the keys with a prefix that have a value, sorted', async () => {
      const { store } = await setUp();
      expect(await store.keys('rollout:')).toEqual([]);
      await store.write('rollout:b', 1, 0);
      await store.write('rollout:a', null, 0);
      await store.write('other', 1, 0);
      await store.lease('rollout:c', 'one', 1_000);
      expect(await store.keys('rollout:')).toEqual(['rollout:a', 'rollout:b']);
    });

    test('returns the blocks of a log in order, after the given id', async () => {
      const { store } = await setUp();
      expect(await store.blocks('log', 0)).toEqual([]);
      await store.addBlock('log', { source: 'one', sequence: 1, message: [3, 4] });
      await store.addBlock('log', { source: 'two', sequence: 1, message: [5] });
      await store.addBlock('other', { source: 'one', sequence: 1, message: [6] });
      expect(await store.blocks('log', 0)).toEqual([
        { id: 1, message: [3, 4] },
        { id: 2, message: [5] },
      ]);
      expect(await store.blocks('log', 1)).toEqual([{ id: 2, message: [5] }]);
    });

    test('adds a block with a sequence number that its source has used already only once', async () => {
      const { store } = await setUp();
      const add = (source: string, sequence: number) => store.addBlock('log', { source, sequence, message: sequence });
      await add('one', 1);
      await add('one', 1);
      await add('one', 3);
      await add('one', 2);
      await add('two', 1);
      expect((await store.blocks('log', 0)).map(({ message }) => message)).toEqual([1, 3, 1]);
    });

    test('neither returns dropped blocks nor uses their ids and sequence numbers again', async () => {
      const { store } = await setUp();
      const add = (sequence: number) => store.addBlock('log', { source: 'one', sequence, message: sequence });
      for (const sequence of [1, 2, 3]) await add(sequence);
      await store.dropBlocks('log', 2);
      await store.dropBlocks('none', 2);
      expect((await store.blocks('log', 0)).map(({ id }) => id)).toEqual([3]);
      await store.dropBlocks('log', 3);
      await add(3);
      await add(4);
      expect(await store.blocks('log', 0)).toEqual([{ id: 4, message: 4 }]);
    });

    test('keeps texts for a time, apart from values', async () => {
      const { store, clock } = await setUp();
      await store.remember?.({ a: 'one', constructor: 'two' }, 1_000);
      await store.remember?.({ b: 'three' }, 5_000);
      expect(await store.recall?.(['b', 'a', 'c', 'constructor', 'toString'])).toEqual([
        'three',
        'one',
        undefined,
        'two',
        undefined,
      ]);
      expect(await store.keys('')).toEqual([]);
      clock.jump(1_000);
      expect(await store.recall?.(['a', 'b'])).toEqual([undefined, 'three']);
      await store.remember?.({ b: 'four' }, 5_000);
      clock.jump(4_999);
      expect(await store.recall?.(['b'])).toEqual(['four']);
    });

    test('forgets the oldest of more than 10,000 texts', async () => {
      const { store } = await setUp();
      const texts = Object.fromEntries(Array.from({ length: 10_001 }, (_, index) => [`k${index}`, 'x']));
      await store.remember?.(texts, 1_000);
      expect(await store.recall?.(['k0', 'k1', 'k10000'])).toEqual([undefined, 'x', 'x']);
    });

    test('applies all concurrent changes', async () => {
      const { store } = await setUp();
      await Promise.all([1, 2, 3, 4, 5, 6].map((index) => store.post('box', index)));
      expect((await store.messages('box', 0)).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6]);
    });
  });
}
