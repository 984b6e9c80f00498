/**
 * How long a rollback takes to reach the other clients of a fleet on one Redis, in ms. All clients are in one process, each with connections
 * of its own; polling alone would take up to a second.
 *
 *   node bench/fleet.ts redis://localhost:6379
 */

import { performance } from 'node:perf_hooks';
import { createClient } from '@redis/client';
import { CanaryClient } from '../src/index.ts';
import { redisStore } from '../src/redis/index.ts';

const [url = 'redis://localhost:6379', clients = '8', rollbacks = '100'] = process.argv.slice(2);
const prefix = `bench ${process.pid}`;

async function member() {
  const redis = createClient({ url });
  await redis.connect();
  const ai = new CanaryClient({
    apiKey: 'none',
    canary: {
      upstreams: { next: { model: 'next' } },
      rollout: { to: 'next', steps: [{ weight: 0.5, hold: '1d' }, { weight: 1 }] },
      store: redisStore(redis, { prefix }),
    },
  });
  return { ai, redis };
}

const members = await Promise.all(Array.from({ length: Number(clients) }, member));
const isWaiting = ({ ai }: (typeof members)[number], phase: string) => ai.canary.rollout.state.phase !== phase;
async function all(phase: string): Promise<void> {
  while (members.some((one) => isWaiting(one, phase))) await new Promise((resolve) => void setTimeout(resolve, 50));
}
await new Promise((resolve) => void setTimeout(resolve, 3_000));

const times: number[] = [];
for (let run = 0; run < Number(rollbacks); run++) {
  await all('progressing');
  const [from, ...others] = members;
  const startMs = performance.now();
  const reached = others.map(async ({ ai }) => {
    await new Promise<void>((resolve) => void ai.canary.once('rollback', () => resolve()));
    times.push(performance.now() - startMs);
  });
  from!.ai.canary.rollout.rollback('bench');
  await Promise.all(reached);
  await all('rolledBack');
  from!.ai.canary.rollout.retry();
}
times.sort((a, b) => a - b);
const at = (share: number): string =>
  (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1);
console.log(`${times.length} notices: median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`);
for (const { ai, redis } of members) {
  await ai.canary.close();
  redis.destroy();
}
