/**
 * What a call through `CanaryClient` costs beside the bare SDK, in one run: with an in-memory `fetch`, and against a loopback provider
 * in another process. To reach: at most 15 µs more in memory, at least 0.97 of the throughput on loopback.
 *
 *   npm run bench
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OpenAI } from 'openai';
import { CanaryClient, route } from '../src/index.ts';
import { answerText, callBody } from './bodies.ts';
import { measure, median, medianDifference, medianRatio } from './measure.ts';

const headers = { 'content-type': 'application/json' };
const inMemory = await measure(contenders({ fetch: async () => new Response(answerText, { headers }) }), {
  rounds: 60,
  times: 500,
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

/** The bare SDK; ours without a `canary` option; ours with split, retry, breaker, metering and a listener. */
function contenders(connection: { readonly fetch?: typeof fetch; readonly baseURL?: string }) {
  const options = { apiKey: 'bench', ...connection };
  const bare = new OpenAI(options);
  const off = new CanaryClient(options);
  const on = new CanaryClient({
    ...options,
    canary: {
      upstreams: { mini: { model: 'gpt-4.1-mini' } },
      weights: { openai: 90, mini: 10 },
      prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 }, mini: { inputPerMTok: 0.4, outputPerMTok: 1.6 } },
    },
  });
  let attempts = 0;
  on.canary.on('attempt', () => (attempts += 1));
  return {
    bare: () => bare.chat.completions.create(callBody),
    off: () => off.chat.completions.create(callBody),
    on: () => on.chat.completions.create(callBody, route({ key: `user-${attempts % 1_000}` })),
  };
}

function print(title: string, { bare, off, on }: Record<'bare' | 'off' | 'on', readonly number[]>): void {
  console.log(`\n${title}`);
  console.log('                         µs a call   µs more   throughput');
  row('openai', bare, bare);
  row('openai-canary, off', off, bare);
  row('openai-canary, all on', on, bare);
}

function row(name: string, values: readonly number[], base: readonly number[]): void {
  const figures = [
    median(values).toFixed(1),
    medianDifference(values, base).toFixed(1),
    (1 / medianRatio(values, base)).toFixed(3),
  ];
  console.log(name.padEnd(22) + figures.map((figure) => figure.padStart(12)).join(''));
}
