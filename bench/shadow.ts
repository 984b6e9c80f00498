/**
 * The cost of calls with and without a shadow that hangs, against a loopback provider in another process. Every call is copied:
 * some copies hang, all others are dropped. Target: a ratio of the medians within the noise between two equal clients.
 *
 *   npm run bench
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CanaryClient, type ShadowOptions } from '../src/index.ts';
import { callBody } from './bodies.ts';
import { measure, median, medianDifference, medianRatio } from './measure.ts';

const server = spawn(process.execPath, [fileURLToPath(new URL('./loopback-server.ts', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const [printed] = await once(server.stdout, 'data');
const baseURL = String(printed).trim();

// The difference between two equal clients without a shadow is the noise of this run.
const none = client(undefined);
const again = client(undefined);
const hanging = client({ upstream: 'hangs', share: 1 });
const contenders = {
  none: () => none.chat.completions.create(callBody),
  again: () => again.chat.completions.create(callBody),
  hanging: () => hanging.chat.completions.create(callBody),
};

for (const concurrency of [1, 16]) {
  const { none: base, ...others } = await measure(contenders, { rounds: 30, times: 300, concurrency });
  console.log(`\n${`loopback provider, ${concurrency} at a time`.padEnd(32)}µs per call    µs more      ratio`);
  row('no shadow', base, base);
  row('no shadow, second client', others.again, base);
  row('hanging shadow', others.hanging, base);
}
const { running, dropped } = hanging.canary.snapshot().shadow?.hangs ?? {};
console.log(`\nhanging copies: ${running}; dropped in the window: ${dropped?.full}`);
void hanging.canary.close();
server.stdin.end();

function client(shadow: ShadowOptions<'hangs'> | undefined): CanaryClient {
  return new CanaryClient({
    apiKey: 'bench',
    baseURL,
    canary: {
      logger: { warn: () => undefined },
      upstreams: { hangs: { baseURL: 'http://hangs.test/v1', apiKey: 'none', fetch: hang } },
      shadow,
    },
  });
}

/** A provider that accepts requests and never answers. */
function hang(_url: unknown, { signal }: RequestInit = {}): Promise<Response> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
  });
}

function row(name: string, values: readonly number[], base: readonly number[]): void {
  const figures = [
    median(values).toFixed(1),
    medianDifference(values, base).toFixed(1),
    medianRatio(values, base).toFixed(3),
  ];
  console.log(name.padEnd(32) + figures.map((figure) => figure.padStart(11)).join(''));
}
