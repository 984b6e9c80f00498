/**
 * What a call through `CanaryClient` costs beside the bare SDK, in one run, each client in a process of its own: with an in-memory
 * `fetch`, and against a loopback provider in one more process. To reach in memory: at most 15 µs more with what every client has, 20 µs
 * with money and limits; on loopback at least 0.97 of the throughput. With everything one call in twenty is copied to a shadow: that
 * copy is a call more. `node bench/features.ts` says what each feature adds.
 *
 *   npm run bench
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { contenders, type CallsGiven } from './contenders/calls.ts';
import { measureApart, median, medianDifference, medianRatio, type RoundOptions } from './measure.ts';

print('in memory, one call at a time', await measureCalls({}, { rounds: 200, times: 100, warmUp: 15_000 }));

const server = spawn(process.execPath, [fileURLToPath(new URL('./loopback-server.ts', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const [printed] = await once(server.stdout, 'data');
const baseURL = String(printed).trim();
const onLoopback = await measureCalls({ baseURL }, { rounds: 20, times: 500, concurrency: 16, warmUp: 15_000 });
print('loopback provider in another process, 16 calls at a time', onLoopback);
server.stdin.end();
process.exit();

type Name = keyof typeof contenders;

function measureCalls(given: CallsGiven, options: RoundOptions): Promise<Record<Name, number[]>> {
  const names = Object.keys(contenders) as Name[]; // its own keys alone
  return measureApart(new URL('./contenders/calls.ts', import.meta.url), names, given, options);
}

function print(title: string, measured: Readonly<Record<Name, readonly number[]>>): void {
  const { bare, off, on, money, everything } = measured;
  console.log(`\n${title}`);
  console.log('                         µs a call   µs more   throughput');
  row('openai', bare, bare);
  row('openai-canary, off', off, bare);
  row('openai-canary, on', on, bare);
  row('  and money and limits', money, bare);
  row('  and everything else', everything, bare);
}

function row(name: string, values: readonly number[], base: readonly number[]): void {
  const figures = [
    median(values).toFixed(1),
    medianDifference(values, base).toFixed(1),
    (1 / medianRatio(values, base)).toFixed(3),
  ];
  console.log(name.padEnd(22) + figures.map((figure) => figure.padStart(12)).join(''));
}
