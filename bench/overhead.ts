/**
 * The cost of a call through `CanaryClient` compared with the bare SDK. Each client is measured in turns with a bare one, in a
 * process of their own: with an in-memory `fetch`, and against a loopback provider in another process. Targets: in memory, at most
 * 15 µs more with the features that every client has and 20 µs with money and limits; on loopback, at least 0.97 of the throughput.
 * With all features, one call in twenty is copied to a shadow, which makes it two calls. `node bench/features.ts` measures what each
 * feature adds.
 *
 *   npm run bench
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CallsGiven } from './contenders/calls.ts';
import { measureBeside, median, medianDifference, medianRatio, type RoundOptions } from './measure.ts';

const CALLS = new URL('./contenders/calls.ts', import.meta.url);
const CLIENTS = {
  off: 'openai-canary, off',
  on: 'openai-canary, on',
  money: '  + money and limits',
  everything: '  + all other features',
} as const;

await print('in memory, one call at a time', {}, { rounds: 200, times: 100, warmUp: 15_000 });

const server = spawn(process.execPath, [fileURLToPath(new URL('./loopback-server.ts', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const [printed] = await once(server.stdout, 'data');
const baseURL = String(printed).trim();
const onLoopback: RoundOptions = { rounds: 20, times: 500, concurrency: 16, warmUp: 15_000 };
await print('loopback provider in another process, 16 calls at a time', { baseURL }, onLoopback);
server.stdin.end();
process.exit();

async function print(title: string, given: CallsGiven, options: RoundOptions): Promise<void> {
  console.log(`\n${title}`);
  console.log('                             openai     canary    µs more throughput');
  for (const [name, text] of Object.entries(CLIENTS)) {
    const { bare, it } = await measureBeside(CALLS, name, given, options);
    const figures = [median(bare), median(it), medianDifference(it, bare)].map((us) => us.toFixed(1));
    const cells = [...figures, (1 / medianRatio(it, bare)).toFixed(3)];
    console.log(text.padEnd(24) + cells.map((cell) => cell.padStart(11)).join(''));
  }
}
