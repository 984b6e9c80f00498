/**
 * What a call through `CanaryClient` costs beside the bare SDK, in one run: with an in-memory `fetch`, and against a loopback provider
 * in another process. To reach in memory: at most 15 µs more with what every client has, 20 µs with money and limits; on loopback at
 * least 0.97 of the throughput. With everything one call in twenty is copied to a shadow: that copy is a call more.
 * `node bench/features.ts` says what each feature adds.
 *
 *   npm run bench
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OpenAI } from 'openai';
import { CanaryClient } from '../src/index.ts';
import { answerText, callBody } from './bodies.ts';
import { callsWith, FEATURES, MONEY_AND_LIMITS } from './everything.ts';
import { measure, median, medianDifference, medianRatio } from './measure.ts';

const headers = { 'content-type': 'application/json' };
const inMemory = await measure(contenders({ fetch: async () => new Response(answerText, { headers }) }), {
  rounds: 200,
  times: 100,
  warmUp: 15_000,
});
print('in memory, one call at a time', inMemory);

const server = spawn(process.execPath, [fileURLToPath(new URL('./loopback-server.ts', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const [printed] = await once(server.stdout, 'data');
const baseURL = String(printed).trim();
const onLoopback = await measure(contenders({ baseURL }), { rounds: 20, times: 500, concurrency: 16 });
print('loopback provider in another process, 16 calls at a time', onLoopback);
server.stdin.end();
process.exit();

/** The bare SDK; ours without a `canary` option; with split, retry, breaker, metering and a listener; with money and limits; with all. */
function contenders(connection: { readonly fetch?: typeof fetch; readonly baseURL?: string }) {
  const options = { apiKey: 'bench', ...connection };
  const bare = new OpenAI(options);
  const off = new CanaryClient(options);
  return {
    bare: () => bare.chat.completions.create(callBody),
    off: () => off.chat.completions.create(callBody),
    on: callsWith(['split'], connection).call,
    money: callsWith(MONEY_AND_LIMITS, connection).call,
    everything: callsWith(FEATURES, connection).call,
  };
}

function print(title: string, measured: Record<keyof ReturnType<typeof contenders>, readonly number[]>): void {
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
