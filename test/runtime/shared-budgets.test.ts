/** Budgets that several processes share through one store: killed, restarted and at once. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CanaryClient, fileStore, memoryStore, type Store } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { BODY } from '../support/calls.ts';
import { chat } from '../support/replies.ts';
import { ScriptedProviders } from '../support/scripted-providers.ts';

const START_MS = Date.UTC(2026, 10, 20, 12);
/** Each call is estimated at 1 USD, and costs as much. */
const PRICE = { inputPerMTok: 0, outputPerMTok: 1 };
const ASK = { ...BODY, max_tokens: 1_000_000 };
const ANSWER = chat('Hello.', { input: 0, output: 1_000_000 });

function processOn(store: Store, limitUsd: number, clock: ManualClock) {
  const providers = new ScriptedProviders(clock).usually('openai', ANSWER);
  const ai = new CanaryClient({
    apiKey: 'key',
    baseURL: 'https://openai.test/v1',
    fetch: providers.fetch,
    canary: {
      clock,
      store: { ...store, persistent: true },
      budgets: [{ name: 'daily', per: 'day', limitUsd, onExceeded: 'reject' }],
      prices: { openai: PRICE },
      logger: { warn: () => undefined },
    },
  });
  const askMany = (count: number) =>
    Promise.allSettled(Array.from({ length: count }, () => ai.chat.completions.create(ASK)));
  return { ai, providers, askMany };
}

const served = (processes: readonly { readonly providers: ScriptedProviders }[]): number =>
  processes.reduce((sum, { providers }) => sum + providers.sent.length, 0);

test('four processes that call at once never spend more than the limit, and spend nearly all of it', async () => {
  const store = memoryStore();
  const clock = new ManualClock(START_MS);
  const processes = Array.from({ length: 4 }, () => processOn(store, 100, clock));
  for (let round = 0; round < 12; round += 1) {
    const asked = Promise.all(processes.map(({ askMany }) => askMany(5)));
    for (let waits = 0; waits < 20; waits += 1) await clock.advance(20);
    await asked;
    expect(served(processes)).toBeLessThanOrEqual(100);
  }
  expect(served(processes)).toBeGreaterThanOrEqual(96);
  // What the others hold is left to the one that stays.
  const [last, ...others] = processes;
  for (const { ai } of others) await ai.canary.close();
  await clock.advance(1_000);
  for (let calls = 0; calls < 10; calls += 1) {
    const asked = last?.askMany(1);
    await clock.advance(600);
    await asked;
  }
  expect(served(processes)).toBe(100);
});

test('far from the limit no call is refused, however many come at once', async () => {
  const clock = new ManualClock(START_MS);
  const alone = processOn(memoryStore(), 1_000, clock);
  for (const count of [1, 10, 100, 200]) {
    const asked = alone.askMany(count);
    for (let waits = 0; waits < 5; waits += 1) await clock.advance(20);
    expect((await asked).filter(({ status }) => status === 'rejected')).toEqual([]);
  }
});

test('a process that dies keeps its part of the limit, and one that is closed gives it back', async () => {
  const store = memoryStore();
  const clock = new ManualClock(START_MS);
  const died = processOn(store, 20, clock);
  await died.askMany(2);
  const heldUsd = 20 - 2 - (await restOf(store));
  expect(heldUsd).toBeGreaterThan(0);
  await died.ai.canary.close();
  expect(await restOf(store)).toBe(18);
});

/** What no process has spent or holds of 20 USD. */
async function restOf(store: Store): Promise<number> {
  const { budgets, held } = (await store.read('money')) as unknown as StoredValue;
  const sum = (spent: Spent | undefined): number =>
    Object.values(spent?.['daily']?.spentUsd ?? {}).reduce((total, usd) => total + usd, 0);
  return 20 - sum(budgets) - Object.values(held).reduce((total, spent) => total + sum(spent), 0);
}

type Spent = Readonly<Record<string, { readonly spentUsd: Readonly<Record<string, number>> }>>;
interface StoredValue {
  readonly budgets: Spent;
  readonly held: Readonly<Record<string, Spent>>;
}

/** Calls until a budget refuses, and prints how many calls were served. */
const SCRIPT = `
const { CanaryClient, fileStore } = await import(process.env.LIBRARY);
const ai = new CanaryClient({
  apiKey: 'key',
  baseURL: process.env.PROVIDER,
  maxRetries: 0,
  canary: {
    store: fileStore(process.env.STORE),
    budgets: [{ name: 'daily', per: 'month', limitUsd: 60, onExceeded: 'reject' }],
    prices: { openai: { inputPerMTok: 0, outputPerMTok: 1 } },
    logger: { warn: () => undefined },
  },
});
const ask = () => ai.chat.completions.create({ model: 'gpt-4.1', max_tokens: 1_000_000, messages: [{ role: 'user', content: 'Hi' }] });
// The start waits for the store for a moment only. Here the store is known before the first call, however busy the machine is.
await ai.canary.prices();
for (let refused = 0; refused < 3; ) {
  const results = await Promise.allSettled([ask(), ask()]);
  if (results.every(({ status }) => status === 'rejected')) {
    refused += 1;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
await ai.canary.close();
`;

function startProcess(store: string, provider: string): ChildProcess {
  const LIBRARY = new URL('../../src/index.ts', import.meta.url).href;
  return spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
    env: { PATH: process.env.PATH, LIBRARY, STORE: store, PROVIDER: provider, NODE_NO_WARNINGS: '1' },
    stdio: 'ignore',
  });
}

test('four processes on one file, killed and started again, overshoot by no more than one estimate', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'budgets-')), 'store.json');
  let calls = 0;
  const server = createServer((request, response) => {
    calls += 1;
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          id: 'c',
          object: 'chat.completion',
          created: 0,
          model: 'gpt-4.1',
          choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop', logprobs: null }],
          usage: { prompt_tokens: 0, completion_tokens: 1_000_000, total_tokens: 1_000_000 },
        }),
      );
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  try {
    const processes = Array.from({ length: 4 }, () => startProcess(path, url));
    for (const killedAt of [12, 24]) {
      await expect.poll(() => calls, { timeout: 60_000, interval: 5 }).toBeGreaterThanOrEqual(killedAt);
      const killed = processes.shift();
      killed?.kill('SIGKILL');
      processes.push(startProcess(path, url));
    }
    await Promise.all(processes.filter(({ exitCode }) => exitCode === null).map((child) => once(child, 'exit')));
    expect(calls).toBeLessThanOrEqual(61);
    // What a killed process held is not spent twice, so a part of the limit may be left.
    expect(calls).toBeGreaterThan(30);
    const { budgets } = (await fileStore(path).read('money')) as unknown as StoredValue;
    // Nothing is counted twice. The calls of a killed process since its last write are not counted, but its part of the limit is kept.
    expect(budgets['daily']?.spentUsd['']).toBeLessThanOrEqual(calls);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}, 120_000);
