/** What a store must do with leases, and with writes under them. */

import { ok, strictEqual } from 'node:assert/strict';
import type { Store } from '../../domain/store.ts';
import type { StoreRule } from './store-rule.ts';

export const leaseRules: readonly StoreRule[] = [
  {
    name: 'leases a key to one holder at a time',
    check: async ({ store }) => {
      await fenceOf(store, 'a', 'one');
      strictEqual(await store.lease('a', 'two', 1_000), undefined);
      await fenceOf(store, 'b', 'two');
    },
  },
  {
    name: 'gives the lease to one of several concurrent holders',
    check: async ({ store }) => {
      const holders = ['1', '2', '3', '4', '5'];
      const leases = await Promise.all(holders.map((holder) => store.lease('a', holder, 1_000)));
      strictEqual(leases.filter((lease) => lease !== undefined).length, 1);
    },
  },
  {
    name: 'renews a lease under the same fence',
    check: async ({ store, advance }) => {
      const fence = await fenceOf(store, 'a', 'one');
      await advance(900);
      strictEqual(await fenceOf(store, 'a', 'one'), fence);
      await advance(900);
      strictEqual(await store.lease('a', 'two', 1_000), undefined);
    },
  },
  {
    name: 'leases an expired key to the next holder under a higher fence',
    check: async ({ store, advance }) => {
      const fence = await fenceOf(store, 'a', 'one');
      await advance(1_000);
      ok((await fenceOf(store, 'a', 'two')) > fence);
      strictEqual(await store.lease('a', 'one', 1_000), undefined);
    },
  },
  {
    name: 'frees a released lease at once, and ignores a release by another holder',
    check: async ({ store }) => {
      const fence = await fenceOf(store, 'a', 'one');
      await store.release('a', 'two');
      strictEqual(await store.lease('a', 'two', 1_000), undefined);
      await store.release('a', 'one');
      ok((await fenceOf(store, 'a', 'two')) > fence);
    },
  },
  {
    name: 'refuses a write with a fence that is out of date',
    check: async ({ store, advance }) => {
      const first = await fenceOf(store, 'a', 'one');
      strictEqual(await store.write('a', 'by one', first), true);
      await advance(2_000);
      const second = await fenceOf(store, 'a', 'two');
      strictEqual(await store.write('a', 'by one again', first), false);
      strictEqual(await store.write('a', 'without a lease', 0), false);
      strictEqual(await store.write('a', 'by two', second), true);
      strictEqual(await store.read('a'), 'by two');
    },
  },
];

async function fenceOf(store: Store, key: string, holder: string): Promise<number> {
  const lease = await store.lease(key, holder, 1_000);
  ok(lease, `${holder} should get the lease of ${key}`);
  ok(Number.isSafeInteger(lease.fence) && lease.fence > 0, 'a fence should be a positive whole number');
  return lease.fence;
}
