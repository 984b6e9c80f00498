/**
 * How long a rollback takes to reach eight processes that share one Redis, in ms. Each has its own client and connections. With
 * `polling` every message of Redis is lost, so that the processes see changes only when they read the store.
 *
 *   node bench/propagation.ts [rollbacks] [seconds at most] [polling]
 */

import { setTimeout as wait } from 'node:timers/promises';
import { startRedis } from '../test/redis/redis-server.ts';
import { FleetProcesses } from '../test/fleet/processes.ts';

const PROCESSES = 8;
const [rollbacks = '1000', seconds = '600', polling] = process.argv.slice(2);
const pollsOnly = polling === 'polling';

await using redis = await startRedis();
// No call is made.
const nowhere = 'http://127.0.0.1:9/v1';
const store = { kind: 'redis' as const, url: redis.url };
const config = { stable: nowhere, canary: nowhere, weights: [0.5], store, pollsOnly };
await using fleet = await FleetProcesses.start(Array.from({ length: PROCESSES }, () => config));
await fleet.inStep(0);

const times: number[] = [];
const untilMs = performance.now() + Number(seconds) * 1_000;
let done = 0;
for (; done < Number(rollbacks) && performance.now() < untilMs; done += 1) {
  // Not in step with the polls.
  await wait(Math.random() * 500);
  const from = fleet.members[done % PROCESSES]!;
  const startMs = Number(await from.ask({ verb: 'rollback' }));
  await fleet.until('a rollback in all', async () =>
    (await fleet.states()).every(({ phase }) => phase === 'rolledBack'),
  );
  for (const member of fleet.members) {
    if (member !== from) times.push((await member.state()).rolledBackAtMs - startMs);
  }
  await (await fleet.leader()).ask({ verb: 'retry' });
  await fleet.until('a new run in all', async () =>
    (await fleet.states()).every(({ phase }) => phase === 'progressing'),
  );
}

times.sort((one, other) => one - other);
const at = (share: number): string => times[Math.min(times.length - 1, Math.floor(times.length * share))]!.toFixed(1);
console.log(
  `${done} rollbacks ${pollsOnly ? 'by polling alone' : 'by messages and polling'}, ${times.length} arrivals in other processes: ` +
    `median ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`,
);
