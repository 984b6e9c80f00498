/** What a store must do with the parts of shared limits, if it grants any. */

import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import type { PartGrant, PartRequest, Store } from '../../domain/store.ts';
import type { StoreRule } from './store-rule.ts';

const PART: PartRequest = {
  name: 'limit',
  source: 'one',
  limit: 100,
  windowMs: 60_000,
  total: 0,
  recent: 0,
  keeps: 0,
  wants: 0,
  least: 1,
  forMs: 10_000,
};

/** A rule for stores that grant parts. */
function rule(name: string, check: (take: Take, advance: (ms: number) => void | Promise<void>) => Promise<void>) {
  return {
    name,
    check: async ({ store, advance }: Parameters<StoreRule['check']>[0]) => {
      if (store.takeParts) await check((asked) => take(store, asked), advance);
    },
  };
}

type Take = (asked: Partial<PartRequest>) => Promise<PartGrant>;

async function take(store: Store, asked: Partial<PartRequest>): Promise<PartGrant> {
  const [grant] = (await store.takeParts?.([{ ...PART, ...asked }])) ?? [];
  if (!grant) throw new TypeError('takeParts should answer every request');
  return grant;
}

export const partRules: readonly StoreRule[] = [
  rule('grants processes together no more than the limit', async (ask) => {
    deepStrictEqual(await ask({ wants: 70 }), { held: 70, free: 30, processes: 1, freeInMs: undefined });
    strictEqual((await ask({ source: 'two', wants: 10 })).held, 10);
    strictEqual((await ask({ source: 'two', keeps: 10, wants: 90, least: 20 })).held, 30);
    deepStrictEqual(await ask({ source: 'three', wants: 1 }), { held: 0, free: 0, processes: 3, freeInMs: undefined });
  }),
  rule('divides what is free among the processes, down to the least of use', async (ask) => {
    await ask({ source: 'two' });
    strictEqual((await ask({ wants: 100 })).held, 50);
    strictEqual((await ask({ source: 'two', wants: 100, least: 40 })).held, 40);
    strictEqual((await ask({ source: 'three', wants: 100, least: 11 })).held, 0);
  }),
  rule('counts what was used for the length of the window', async (ask, advance) => {
    await ask({ wants: 100 });
    strictEqual((await ask({ total: 60 })).held, 0);
    strictEqual((await ask({ total: 60, wants: 100 })).held, 40);
    await advance(30_000);
    strictEqual((await ask({ source: 'two', wants: 1 })).held, 0);
    await advance(32_000);
    strictEqual((await ask({ source: 'two', wants: 100 })).held >= 60, true);
  }),
  rule('says when something used ceases to count', async (ask, advance) => {
    await ask({ wants: 100 });
    await ask({ total: 100 });
    await advance(5_000);
    const { held, freeInMs = 0 } = await ask({ total: 100, wants: 1 });
    strictEqual(held, 0);
    strictEqual(freeInMs > 53_000 && freeInMs <= 56_000, true);
    await advance(freeInMs);
    strictEqual((await ask({ total: 100, wants: 1 })).held, 1);
  }),
  rule('counts a request that is repeated only once', async (ask) => {
    await ask({ wants: 100 });
    for (const total of [30, 30, 20, 30]) await ask({ total, keeps: 70 });
    strictEqual((await ask({ source: 'two', wants: 100 })).held, 0);
    await ask({ total: 30 });
    strictEqual((await ask({ total: 30, wants: 100, least: 70 })).held, 70);
  }),
  rule('counts the part of a process that has died as used, after its time', async (ask, advance) => {
    await ask({ wants: 100 });
    await advance(9_000);
    deepStrictEqual(await ask({ source: 'two', wants: 1 }), { held: 0, free: 0, processes: 2, freeInMs: undefined });
    await advance(2_000);
    const { held, processes } = await ask({ source: 'two', wants: 1 });
    deepStrictEqual([held, processes], [0, 1]);
    for (let seconds = 0; seconds < 62; seconds += 6) {
      await advance(6_000);
      await ask({ source: 'two' });
    }
    strictEqual((await ask({ source: 'two', wants: 100 })).held, 100);
  }),
  rule('counts once what a process has used that comes back after its part has expired', async (ask, advance) => {
    await ask({ wants: 50 });
    await ask({ total: 40, keeps: 10 });
    await advance(11_000);
    strictEqual((await ask({ source: 'two' })).processes, 1);
    // It has used the 10 that count already, and 5 of its share meanwhile.
    const { held, free, processes } = await ask({ total: 55, recent: 55 });
    deepStrictEqual([held, free, processes], [0, 45, 2]);
    strictEqual((await ask({ total: 55, wants: 45, least: 45 })).held, 45);
  }),
  rule('frees the part of a process that leaves at once', async (ask) => {
    await ask({ wants: 100 });
    strictEqual((await ask({ forMs: 0 })).processes, 0);
    deepStrictEqual(await ask({ source: 'two', wants: 100 }), {
      held: 100,
      free: 0,
      processes: 1,
      freeInMs: undefined,
    });
  }),
  rule('counts what a process that it does not know has used of late', async (ask) => {
    await ask({ total: 5_000, recent: 80 });
    strictEqual((await ask({ source: 'two', wants: 100, least: 1 })).held, 10);
  }),
  rule('without a window, limits what is held at a time', async (ask) => {
    await ask({ windowMs: 0, wants: 100 });
    await ask({ windowMs: 0, keeps: 30 });
    strictEqual((await ask({ windowMs: 0, source: 'two', wants: 70, least: 70 })).held, 70);
    strictEqual((await ask({ windowMs: 0, source: 'three', wants: 1 })).held, 0);
  }),
  {
    name: 'grants parts of several limits in the order of the requests',
    check: async ({ store }) => {
      const names = ['constructor', 'limit', 'a b:c'];
      const requests = names.map((name, index) => ({ ...PART, name, wants: index + 1 }));
      const grants = await store.takeParts?.(requests);
      if (grants)
        deepStrictEqual(
          grants.map(({ held }) => held),
          [1, 2, 3],
        );
    },
  },
  rule('grants no more than the limit to requests at once', async (ask) => {
    const sources = Array.from({ length: 20 }, (_, index) => `${index}`);
    const grants = await Promise.all(sources.map((source) => ask({ source, wants: 10, least: 10 })));
    strictEqual(
      grants.reduce((sum, { held }) => sum + held, 0),
      100,
    );
  }),
];
