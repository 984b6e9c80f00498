/** Photographs the live page for the README, light and dark: a rollout on simulated providers, in a real Chromium. */

import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { createDashboard } from '../src/dashboard/index.ts';
import { CanaryClient, route } from '../src/index.ts';
import { startProvider } from '../src/testing/index.ts';

const folder = new URL('../docs/', import.meta.url).pathname;
await using stable = await startProvider({ seed: 1, latencyMs: { median: 60, sigma: 0.5 } });
await using canary = await startProvider({ seed: 2, latencyMs: { median: 40, sigma: 0.5 }, errorRate: 0.005 });
await using ai = new CanaryClient({
  baseURL: stable.url,
  apiKey: 'none',
  canary: {
    upstreams: { deepseek: { baseURL: canary.url, apiKey: 'none', model: 'deepseek-v3.2' } },
    rollout: {
      to: 'deepseek',
      steps: [
        { shadow: 0.3, hold: '1s' },
        { weight: 0.1, hold: '2s' },
        { weight: 0.25, hold: '4h', minCalls: 2_000 },
        { weight: 0.5, hold: '1d' },
        { weight: 1 },
      ],
      guardrails: { errorRate: { margin: 0.05 }, latencyP50: { margin: 0.2 }, costPerCall: { margin: 0.1 } },
    },
    prices: {
      openai: { inputPerMTok: 2, outputPerMTok: 8 },
      deepseek: { inputPerMTok: 0.42, outputPerMTok: 1.2 },
    },
    logger: { warn: () => undefined },
  },
});
const dashboard = createDashboard(ai, { authorize: () => true });
const server = createServer(dashboard.node).listen(0, '127.0.0.1');
await once(server, 'listening');
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });

const endsAt = Date.now() + 20_000;
for (let user = 0; Date.now() < endsAt && (ai.canary.rollout.state.step < 2 || user % 500 !== 499); user += 1) {
  const body = { model: 'gpt-4.1', messages: [{ role: 'user' as const, content: 'Hello?' }] };
  void ai.chat.completions.create(body, route({ key: `user-${user % 900}` })).catch(() => undefined);
  await wait(10);
}
for (const colorScheme of ['light', 'dark'] as const) {
  const viewport = { width: 1_280, height: 680 };
  const page = await browser.newPage({ viewport, deviceScaleFactor: 0.66, colorScheme, reducedMotion: 'reduce' });
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.locator('.guardrails li').first().waitFor();
  await page.screenshot({ path: `${folder}dashboard-${colorScheme}.png` });
}
await browser.close();
dashboard.close();
server.close();
