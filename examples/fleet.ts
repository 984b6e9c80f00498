/**
 * Three processes' worth of clients share one rollout: a canary that fails at one of them is rolled back at all of them. With REDIS_URL they
 * share a Redis, without it a store in memory. Run: REDIS_URL=redis://localhost:6379 node examples/fleet.ts
 */

import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { CanaryClient, memoryStore, route, type Store } from '../src/index.ts';
import { redisStore } from '../src/redis/index.ts';
import { startProvider } from '../src/testing/index.ts';

const { REDIS_URL } = process.env;
await using stable = await startProvider();
await using canary = await startProvider({ errorRate: 1 });
const inMemory = memoryStore();
const connections: { destroy(): void }[] = [];

async function openStore(): Promise<Store> {
  if (REDIS_URL === undefined) return inMemory;
  const redis = createClient({ url: REDIS_URL });
  await redis.connect();
  connections.push(redis);
  return redisStore(redis, { prefix: `example ${process.pid}` });
}

async function start(): Promise<CanaryClient> {
  return new CanaryClient({
    baseURL: stable.url,
    apiKey: 'test',
    maxRetries: 0,
    canary: {
      upstreams: { next: { baseURL: canary.url, apiKey: 'test' } },
      prices: { openai: { inputPerMTok: 1, outputPerMTok: 4 }, next: { inputPerMTok: 1, outputPerMTok: 4 } },
      rollout: { to: 'next', steps: [{ weight: 0.5, hold: '1d' }, { weight: 1 }] },
      store: await openStore(),
      logger: { warn: () => undefined },
    },
  });
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await wait(20);
}

const fleet = [await start(), await start(), await start()] as const;
await until(() => fleet.every(({ canary: { weights } }) => weights['next'] === 0.5));
console.log('All send half of their calls to the canary.');

const leader = fleet.findIndex((ai) => ai.canary.snapshot().store?.leads.includes('next'));
console.log(`Client ${leader + 1} leads the rollout.`);

// Only one client has callers. Where the canary fails, stable answers.
const [busy] = fleet;
let calls = 0;
await until(() => {
  calls += 1;
  const messages = [{ role: 'user' as const, content: 'Hello?' }];
  void busy.chat.completions
    .create({ model: 'gpt-4.1', messages }, route({ key: `user-${calls}` }))
    .catch(() => undefined);
  return busy.canary.rollout.state.phase === 'rolledBack';
});
await until(() => fleet.every((ai) => ai.canary.rollout.state.phase === 'rolledBack'));
console.log(`All have rolled back: ${fleet.every(({ canary: { weights } }) => weights['next'] === 0)}`);

for (const ai of fleet) await ai.canary.close();
for (const redis of connections) redis.destroy();
