/**
 * The live page in a real Chromium: its size, the time to its first paint, its frames with ten updates a second and an hour of data, and what
 * 1,000 pages that connect and vanish leave behind. Targets: below 150 kB, below 300 ms, 60 frames a second, nothing.
 *
 *   npm run build && node bench/page.ts
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import type * as dashboardModule from '../src/dashboard/index.ts';
import type * as mainModule from '../src/index.ts';
import { answerText } from './bodies.ts';
import { median } from './measure.ts';

const built = (name: string): string => new URL(`../dist/${name}.js`, import.meta.url).href;
const { CanaryClient, route } = (await import(built('index'))) as typeof mainModule;
const { createDashboard } = (await import(built('dashboard'))) as typeof dashboardModule;

const headers = { 'content-type': 'application/json' };
await using ai = new CanaryClient({
  apiKey: 'bench',
  fetch: async () => new Response(answerText, { headers }),
  canary: {
    upstreams: { mini: { model: 'gpt-4.1-mini' } },
    prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 }, mini: { inputPerMTok: 0.4, outputPerMTok: 1.6 } },
    rollout: { to: 'mini', steps: [{ weight: 0.2, hold: '1d' }, { weight: 1 }] },
    logger: { warn: () => undefined },
  },
});
const dashboard = createDashboard(ai, { updateInterval: 100, maxClients: 1_000 });
const server = createServer(dashboard.node).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const messages = [{ role: 'user' as const, content: 'Hello?' }];
let users = 0;
const traffic = setInterval(() => {
  void ai.chat.completions.create({ model: 'gpt-4.1', messages }, route({ key: `user-${(users += 1)}` }));
}, 20);

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const paints: number[] = [];
for (let visit = 0; visit < 11; visit += 1) {
  const page = await browser.newPage();
  await page.goto(url);
  await page.locator('.guardrails li').first().waitFor();
  const painted = 'performance.getEntriesByName("first-contentful-paint")[0].startTime';
  if (visit > 0) paints.push(await page.evaluate<number>(painted));
  await page.close();
}

const page = await browser.newPage({ viewport: { width: 1_280, height: 2_000 } });
await page.goto(url);
await page.locator('canvas').first().waitFor();
const frames = await page.evaluate<number>(`new Promise((resolve) => {
  const startedMs = performance.now();
  let frames = 0;
  const next = (nowMs) => {
    frames += 1;
    if (nowMs - startedMs < 10_000) requestAnimationFrame(next);
    else resolve(frames / ((nowMs - startedMs) / 1_000));
  };
  requestAnimationFrame(next);
})`);
await browser.close();

const bytes = (await (await fetch(url)).arrayBuffer()).byteLength;
const heapBefore = heap();
for (let round = 0; round < 10; round += 1) {
  const leave = new AbortController();
  await Promise.all(Array.from({ length: 100 }, () => fetch(`${url}events`, { signal: leave.signal })));
  leave.abort();
}
const connections = (): Promise<number> =>
  new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
const leftAtMs = performance.now();
while ((await connections()) > 0 && performance.now() - leftAtMs < 30_000) await wait(100);
const gone = `${await connections()} after ${((performance.now() - leftAtMs) / 1_000).toFixed(1)} s`;
console.table({
  'page, kB': { measured: (bytes / 1_000).toFixed(1), target: 'below 150' },
  'first paint, ms, median of 10': { measured: median(paints).toFixed(0), target: 'below 300' },
  'frames a second, 10 updates a second': { measured: frames.toFixed(1), target: '60' },
  'connections after 1,000 pages': { measured: gone, target: '0' },
  'heap after 1,000 pages, MB more': { measured: ((heap() - heapBefore) / 1e6).toFixed(1), target: 'about 0' },
});
clearInterval(traffic);
dashboard.close();
server.close();
process.exit();

function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
