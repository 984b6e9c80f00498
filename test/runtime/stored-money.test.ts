/** What is spent survives restarts, and is shared by the processes of one store. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  BudgetExceededError,
  type BudgetOptions,
  CanaryClient,
  fileStore,
  memoryStore,
  route,
  type Store,
} from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { BODY } from '../support/calls.ts';
import { chat } from '../support/replies.ts';
import { ScriptedProviders } from '../support/scripted-providers.ts';

const START_MS = Date.UTC(2026, 10, 20, 12);
const BUDGET: BudgetOptions = { name: 'monthly', per: 'month', limitUsd: 2, onExceeded: 'reject' };
/** An answer of 1 USD. */
const ANSWER = chat('Hello.', { input: 100_000, output: 100_000 });
const PRICE = { inputPerMTok: 2, outputPerMTok: 8 };

/** A store that outlives the process, as far as its clients know. */
function lasting(store: Store = memoryStore()): Store {
  return { ...store, persistent: true };
}

function processOn(store: Store, budgets: readonly BudgetOptions[] = [BUDGET], clock = new ManualClock(START_MS)) {
  const providers = new ScriptedProviders(clock).usually('openai', ANSWER);
  const ai = new CanaryClient({
    apiKey: 'key',
    baseURL: 'https://openai.test/v1',
    fetch: providers.fetch,
    canary: { clock, store, budgets, prices: { openai: PRICE }, logger: { warn: () => undefined } },
  });
  const ask = (key = 'user-42') => ai.chat.completions.create({ ...BODY, max_tokens: 10 }, route({ key }));
  return { ai, clock, ask };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

test('a budget of a month lasts over restarts, and costs() says since when it knows', async () => {
  const store = lasting();
  const first = processOn(store);
  await first.ask();
  await first.ask();
  await first.ai.canary.close();
  const second = processOn(store, [BUDGET], new ManualClock(START_MS + 86_400_000));
  await expect(second.ask()).rejects.toThrow(BudgetExceededError);
  expect(second.ai.canary.snapshot().budgets[0]).toMatchObject({ spentUsd: 2, exhausted: 1 });
  const { total, sinceMs, days } = second.ai.canary.costs();
  expect(total).toMatchObject({ attempts: 2, costUsd: 2 });
  expect(sinceMs).toBe(START_MS);
  expect(days.map(({ period }) => period)).toEqual(['2026-11-20']);
  expect(second.ai.canary.costs({ by: 'upstream' }).rows).toMatchObject([{ name: 'openai', costUsd: 2 }]);
  await second.ai.canary.close();
});

test('the same with a file store', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'money-')), 'store.json');
  for (const spent of [2, 2, 2]) {
    const { ai, ask } = processOn(fileStore(path));
    await Promise.allSettled([ask()]);
    await Promise.allSettled([ask()]);
    await expect(ask()).rejects.toThrow(BudgetExceededError);
    expect(ai.canary.costs().total.costUsd).toBe(spent);
    await ai.canary.close();
  }
});

test('a new month begins with nothing spent', async () => {
  const store = lasting();
  const first = processOn(store);
  await first.ask();
  await first.ask();
  await first.ai.canary.close();
  const second = processOn(store, [BUDGET], new ManualClock(Date.UTC(2026, 11, 1)));
  await expect(second.ask()).resolves.toBeDefined();
  expect(second.ai.canary.costs().months.map(({ period, costUsd }) => [period, costUsd])).toEqual([
    ['2026-11', 2],
    ['2026-12', 1],
  ]);
});

test('processes know within a second what the others have spent', async () => {
  const store = lasting();
  const clock = new ManualClock(START_MS);
  const processes = Array.from({ length: 4 }, () => processOn(store, [BUDGET], clock));
  const [one, two, three] = processes as [(typeof processes)[0], (typeof processes)[0], (typeof processes)[0]];
  await one.ask();
  await two.ask();
  for (let passed = 0; passed < 20; passed += 1) {
    await clock.advance(50);
    await settled();
  }
  await expect(three.ask()).rejects.toThrow(BudgetExceededError);
  for (const { ai } of processes) expect(ai.canary.costs().total).toMatchObject({ attempts: 2, costUsd: 2 });
});

test('a process that is killed loses at most the last second, and nothing is counted twice', async () => {
  const store = lasting();
  const clock = new ManualClock(START_MS);
  const killed = processOn(store, [{ ...BUDGET, limitUsd: 100 }], clock);
  for (let call = 0; call < 5; call += 1) {
    await killed.ask();
    await clock.advance(1_000);
    await settled();
  }
  const next = processOn(store, [{ ...BUDGET, limitUsd: 100 }], clock);
  await next.ask();
  expect(next.ai.canary.costs().total).toMatchObject({ attempts: 6, costUsd: 6 });
  expect(next.ai.canary.snapshot().budgets[0]?.spentUsd).toBe(6);
});

test('a write whose end is unknown is not made twice', async () => {
  const plain = memoryStore();
  let failures = 2;
  const store = lasting({
    ...plain,
    write: async (key, value, fence) => {
      const written = await plain.write(key, value, fence);
      if (key === 'money' && failures-- > 0) throw new Error('connection lost');
      return written;
    },
  });
  const clock = new ManualClock(START_MS);
  const { ai, ask } = processOn(store, [{ ...BUDGET, limitUsd: 100 }], clock);
  for (let call = 0; call < 3; call += 1) {
    await ask();
    await clock.advance(1_000);
    await settled();
  }
  await ai.canary.close();
  const next = processOn(store, [{ ...BUDGET, limitUsd: 100 }], clock);
  await next.ask();
  expect(next.ai.canary.costs().total).toMatchObject({ attempts: 4, costUsd: 4 });
});

test('a store that is away fails no call, and delays the first one by 250 ms at most', async () => {
  const away = (): Promise<never> => new Promise(() => undefined);
  const store = lasting({ ...memoryStore(), read: away, lease: away, write: away });
  const { clock, ask } = processOn(store);
  const asked = ask();
  await clock.advance(250);
  await expect(asked).resolves.toBeDefined();
  await expect(ask()).resolves.toBeDefined();
});

test('the store gets hashes of keys', async () => {
  const store = lasting();
  const first = processOn(store, [{ ...BUDGET, scope: 'key' }]);
  await first.ask('user-42');
  await first.ask('user-42');
  await first.ai.canary.close();
  expect(JSON.stringify(await store.read('money'))).not.toContain('user-42');
  const second = processOn(store, [{ ...BUDGET, scope: 'key' }]);
  await expect(second.ask('user-42')).rejects.toThrow(BudgetExceededError);
  await expect(second.ask('user-43')).resolves.toBeDefined();
});

test('a store that was restarted empty gets back what was spent, also from processes that have nothing to write', async () => {
  let current = memoryStore();
  const store = lasting({
    ...current,
    read: (key) => current.read(key),
    write: (key, value, fence) => current.write(key, value, fence),
    lease: (key, holder, forMs) => current.lease(key, holder, forMs),
    release: (key, holder) => current.release(key, holder),
  });
  const budget: BudgetOptions = { ...BUDGET, limitUsd: 4 };
  const clock = new ManualClock(START_MS);
  const [one, other] = [processOn(store, [budget], clock), processOn(store, [budget], clock)];
  for (const { ask } of [one, other, one]) {
    const asked = ask();
    await clock.advance(1_000);
    await asked;
  }
  current = memoryStore();
  await clock.advance(1_000);
  // What both hold is kept as well, so that a third process gets what is left of the limit, and no more.
  const third = processOn(store, [budget], clock);
  await clock.advance(1_000);
  expect(third.ai.canary.snapshot().budgets[0]).toMatchObject({ spentUsd: 3 });
  expect(third.ai.canary.costs().total).toMatchObject({ attempts: 3, costUsd: 3 });
  let served = 0;
  for (const { ask } of [one, other, third, one, other, third]) {
    const asked = ask().then(
      () => (served += 1),
      () => undefined,
    );
    await clock.advance(1_000);
    await asked;
  }
  expect(served).toBe(1);
  for (const { ai } of [one, other, third]) expect(ai.canary.snapshot().budgets[0]?.spentUsd).toBeLessThanOrEqual(4);
});
