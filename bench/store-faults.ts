/**
 * What a failing Redis does to the calls of a fleet: nothing, and what it does to the counts. Each fault lasts a while, under traffic of
 * every process. Prints the table of `docs/fleet.md`.
 *
 *   node bench/store-faults.ts [processes] [seconds of each fault] [calls a second of each process]
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { startProvider } from '../src/testing/index.ts';
import { startRedis } from '../test/redis/redis-server.ts';
import { FleetProcesses } from '../test/fleet/processes.ts';
import { startTcpProxy } from '../test/support/tcp-proxy.ts';

const [processes, faultSeconds, perSecond] = ['8', '10', '20'].map((standard, index) =>
  Number(process.argv[index + 2] ?? standard),
) as [number, number, number];

await using stable = await startProvider({ latencyMs: 20, maxRequests: 100_000 });
await using canary = await startProvider({ latencyMs: 20, maxRequests: 100_000 });
// A replica writes a file, which it would load again.
const folder = await mkdtemp(join(tmpdir(), 'canary-faults-'));
await using redis = await startRedis(['--dir', folder, '--dbfilename', 'one.rdb', '--repl-diskless-sync-delay', '0']);
await using replica = await startRedis(['--dir', folder, '--dbfilename', 'other.rdb']);
await using network = await startTcpProxy(redis.port);
const store = { kind: 'redis' as const, url: `redis://127.0.0.1:${network.port}` };
const config = { stable: stable.url, canary: canary.url, weights: [0.5], store };
await using fleet = await FleetProcesses.start(Array.from({ length: processes }, () => config));
await fleet.inStep(0);

async function admin(url: string, ...command: string[]): Promise<void> {
  const client = createClient({ url }).on('error', () => undefined);
  await client.connect();
  await client.sendCommand(command);
  client.destroy();
}

interface Fault {
  readonly name: string;
  readonly begin: () => unknown;
  readonly end: () => unknown;
}

const FAULTS: readonly Fault[] = [
  { name: 'none', begin: () => undefined, end: () => undefined },
  { name: 'frozen (SIGSTOP)', begin: () => redis.freeze(), end: () => redis.thaw() },
  { name: 'network cut', begin: () => network.set({ kind: 'cut' }), end: () => network.set({ kind: 'pass' }) },
  {
    name: 'connections refused',
    begin: () => network.set({ kind: 'closed' }),
    end: () => network.set({ kind: 'pass' }),
  },
  {
    name: 'slow (2 s an answer)',
    begin: () => network.set({ kind: 'delay', delayMs: 2_000 }),
    end: () => network.set({ kind: 'pass' }),
  },
  { name: 'garbage answers', begin: () => network.set({ kind: 'garbage' }), end: () => network.set({ kind: 'pass' }) },
  {
    name: 'full (noeviction)',
    begin: () => admin(redis.url, 'CONFIG', 'SET', 'maxmemory', '1'),
    end: () => admin(redis.url, 'CONFIG', 'SET', 'maxmemory', '0'),
  },
  {
    name: 'read-only replica',
    begin: () => admin(redis.url, 'REPLICAOF', '127.0.0.1', '1'),
    end: () => admin(redis.url, 'REPLICAOF', 'NO', 'ONE'),
  },
  { name: 'restarted empty', begin: () => redis.stop(), end: () => redis.restart() },
  {
    name: 'failed over to a replica',
    begin: async () => {
      await admin(replica.url, 'REPLICAOF', '127.0.0.1', `${redis.port}`);
      await wait(2_000);
      await redis.stop();
    },
    end: async () => {
      await admin(replica.url, 'REPLICAOF', 'NO', 'ONE');
      network.redirect(replica.port);
    },
  },
];

const counted = async (): Promise<number> =>
  Math.max(...(await fleet.states()).map(({ callsExposed }) => callsExposed));

console.log('| fault | calls | failed | median ms | p99 ms | samples lost | caught up after |');
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const { name, begin, end } of FAULTS) {
  const before = { sent: canary.requests.length, counted: await counted(), states: await fleet.states() };
  await fleet.drive(perSecond);
  await wait(1_000);
  await begin();
  await wait(faultSeconds * 1_000);
  await end();
  const endMs = performance.now();
  const calls = await fleet.rest();
  await fleet.until('all connected', async () =>
    (await fleet.states()).every(({ store: { state, unsentSamples } }) => state === 'connected' && unsentSamples === 0),
  );
  const caughtUpMs = performance.now() - endMs;
  // Blocks that have just arrived are read by the leader within a second, and the followers read its state after its next write.
  await wait(8_000);
  const sent = canary.requests.length - before.sent;
  const lost = sent - ((await counted()) - before.counted);
  const sum = (of: 'made' | 'failed'): number =>
    calls.reduce((all, one, index) => all + one[of] - before.states[index]!.calls[of], 0);
  const worst = (of: 'medianMs' | 'p99Ms'): string => Math.max(...calls.map((one) => one[of])).toFixed(0);
  const cells = [name, sum('made'), sum('failed'), worst('medianMs'), worst('p99Ms'), `${lost} of ${sent}`];
  console.log(`| ${cells.join(' | ')} | ${(caughtUpMs / 1_000).toFixed(1)} s |`);
}
await rm(folder, { recursive: true });
