/** Limits, budgets, hints and owners of ids that processes share through a Redis. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from '@redis/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { redisStore } from '../../src/redis/index.ts';
import { ask } from '../support/calls.ts';
import { failed, response } from '../support/replies.ts';
import { setUpCanary } from '../support/set-up.ts';
import { hasRedis, startRedis, type RedisServer } from './redis-server.ts';

const MINUTE_MS = 60_000;
const UNTIL = { timeout: 150_000, interval: 10 };

/** Makes calls, eight at a time, until it is killed. With a budget it ends when three rounds in a row were refused. */
const SCRIPT = `
import { createClient } from '@redis/client';
const { CanaryClient } = await import(process.env.LIBRARY);
const { redisStore } = await import(process.env.LIBRARY.replace('index.ts', 'redis/index.ts'));
const redis = createClient({ url: process.env.REDIS });
await redis.connect();
const { canary, body } = JSON.parse(process.env.OPTIONS);
const ai = new CanaryClient({
  apiKey: 'key',
  baseURL: process.env.PROVIDER,
  maxRetries: 0,
  canary: { ...canary, store: redisStore(redis), logger: { warn: () => undefined } },
});
// What was spent before is known before the first call, however busy the machine is.
await ai.canary.prices();
const { limits } = ai.canary.snapshot().upstreams.openai;
while (limits && ai.canary.snapshot().upstreams.openai.limits.fleet.state === 'starting') await new Promise((resolve) => setTimeout(resolve, 20));
const ask = () => ai.chat.completions.create({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hi' }], ...body });
const rounds = canary.budgets ? 2 : 8;
for (let refused = 0; refused < 3; ) {
  const results = await Promise.allSettled(Array.from({ length: rounds }, ask));
  if (results.some(({ status }) => status === 'fulfilled')) continue;
  if (canary.budgets) refused += 1;
  await new Promise((resolve) => setTimeout(resolve, canary.budgets ? 300 : 20));
}
await ai.canary.close();
redis.destroy();
`;

/** A provider that notes when each request came. Each answer has a million output tokens. */
async function startProvider() {
  const times: number[] = [];
  const server = createServer((request, reply) => {
    times.push(Date.now());
    const message = { role: 'assistant', content: 'Hi' };
    const usage = { prompt_tokens: 0, completion_tokens: 1_000_000, total_tokens: 1_000_000 };
    const choices = [{ index: 0, message, finish_reason: 'stop', logprobs: null }];
    const answer = { id: 'c', object: 'chat.completion', created: 0, model: 'gpt-4.1', choices, usage };
    request.resume().on('end', () => {
      reply.setHeader('content-type', 'application/json');
      reply.end(JSON.stringify(answer));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return { times, url, [Symbol.asyncDispose]: stop };
}

/** What is asked for on a quiet machine only. */
const isLong = process.env.CANARY_LONG === '1';

describe.skipIf(!hasRedis)('processes on one Redis', () => {
  let server: RedisServer;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    server = await startRedis();
  });
  beforeEach(async () => {
    const client = await connect();
    await client.sendCommand(['FLUSHALL']);
    client.destroy();
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await server.stop();
  });

  async function connect() {
    const client = createClient({ url: server.url }).on('error', () => undefined);
    await client.connect();
    return client;
  }

  function startProcess(provider: string, options: object): ChildProcess {
    const LIBRARY = new URL('../../src/index.ts', import.meta.url).href;
    const env = { PATH: process.env.PATH, LIBRARY, REDIS: server.url, PROVIDER: provider, NODE_NO_WARNINGS: '1' };
    const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
      env: { ...env, OPTIONS: JSON.stringify(options) },
      stdio: 'ignore',
    });
    children.add(child);
    return child;
  }

  // The processes must get their answers from Redis in time: one that is starved of processor time goes by its own share.
  test.runIf(isLong)(
    'that call as fast as they can keep within an rpm together, and use it',
    async () => {
      await using provider = await startProvider();
      const options = { canary: { limits: { openai: { rpm: 300, scope: 'fleet' } } } };
      const processes = Array.from({ length: 4 }, () => startProcess(provider.url, options));
      await expect.poll(() => provider.times.length, UNTIL).toBeGreaterThanOrEqual(290);
      // Long enough for each of them to ask again.
      await new Promise((resolve) => void setTimeout(resolve, 2_000));
      for (const child of processes) child.kill('SIGKILL');
      const [firstMs = 0] = provider.times;
      expect(provider.times.filter((atMs) => atMs < firstMs + MINUTE_MS).length).toBeLessThanOrEqual(300);
    },
    240_000,
  );

  test('that are killed and started again overshoot a budget by no more than one estimate', async () => {
    await using provider = await startProvider();
    const options = {
      body: { max_tokens: 1_000_000 },
      canary: {
        budgets: [{ name: 'monthly', per: 'month', limitUsd: 60, onExceeded: 'reject' }],
        prices: { openai: { inputPerMTok: 0, outputPerMTok: 1 } },
      },
    };
    const processes = Array.from({ length: 4 }, () => startProcess(provider.url, options));
    for (const killedAt of [12, 24]) {
      await expect.poll(() => provider.times.length, UNTIL).toBeGreaterThanOrEqual(killedAt);
      processes.shift()?.kill('SIGKILL');
      processes.push(startProcess(provider.url, options));
    }
    await Promise.all(processes.filter(({ exitCode }) => exitCode === null).map((child) => once(child, 'exit')));
    expect(provider.times.length).toBeLessThanOrEqual(61);
    // What a killed process held is not spent twice, so a part of the limit may be left.
    expect(provider.times.length).toBeGreaterThan(30);
  }, 240_000);

  test('know the owner of an id that another one has made, for thirty days', async () => {
    const [one, other] = [await connect(), await connect()];
    const [maker, reader] = [one, other].map((client) => setUpCanary({ canary: { store: redisStore(client) } }));
    maker!.providers.usually('gemini', response('resp_1'));
    await maker!.ai.responses.create({ model: 'gpt-4.1', input: 'Hello?' }, route({ upstream: 'gemini' }));
    const keptMs = () => one.sendCommand<number>(['PTTL', '{canary}:texts']);
    await expect.poll(keptMs, UNTIL).toBeGreaterThan(29 * 86_400_000);
    expect(await keptMs()).toBeLessThanOrEqual(30 * 86_400_000);
    reader!.providers.usually('gemini', response('resp_1'));
    await reader!.ai.responses.retrieve('resp_1');
    expect(reader!.providers.asked).toEqual(['gemini']);
    // One after another: while one writes, the other waits on its clock.
    for (const { ai } of [maker!, reader!]) await ai.canary.close();
    for (const client of [one, other]) client.destroy();
  });

  test('pause an upstream that has asked another one to wait, by publish alone', async () => {
    const [one, other] = [await connect(), await connect()];
    const [limited, healthy] = [one, other].map((client) => setUpCanary({ canary: { store: redisStore(client) } }));
    const subscribers = async () => (await one.sendCommand<string[]>(['PUBSUB', 'NUMSUB', '{canary}:changes']))[1];
    await expect.poll(async () => Number(await subscribers()), UNTIL).toBe(2);
    limited!.providers.script('gemini', failed(429, {}, { 'retry-after': '30' }));
    await ask(limited!.ai);
    // Their clocks stand still: nothing is polled.
    await expect.poll(() => healthy!.events.of('rateLimit'), UNTIL).toMatchObject([{ isHint: true }]);
    await ask(healthy!.ai);
    expect(healthy!.providers.asked).toEqual(['openai']);
    for (const { ai } of [limited!, healthy!]) await ai.canary.close();
    for (const client of [one, other]) client.destroy();
  });
});
