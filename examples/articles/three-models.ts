/**
 * Three models share the traffic 85/10/5. A report says what they cost, and a model that fails loses its share by itself. The clock is
 * simulated. Run: node examples/articles/three-models.ts
 */

import { CanaryClient, route } from '../../src/index.ts';
import { ManualClock, startProvider } from '../../src/testing/index.ts';

const CALLS = 500;
const usage = () => ({ promptTokens: 1_000, completionTokens: 250 });
await using openai = await startProvider({ usage });
await using gemini = await startProvider({ usage });
await using deepseek = await startProvider({ usage });
const providers = { openai, gemini, deepseek };

const clock = new ManualClock();
await using ai = new CanaryClient({
  baseURL: openai.url,
  apiKey: 'test',
  maxRetries: 0, // a call that fails goes to stable at once
  canary: {
    upstreams: {
      gemini: { baseURL: gemini.url, apiKey: 'test', model: 'gemini-2.5-flash' },
      deepseek: { baseURL: deepseek.url, apiKey: 'test', model: 'deepseek-v3.2' },
    },
    weights: { openai: 85, gemini: 10, deepseek: 5 },
    // The simulated providers are not in the price list.
    prices: {
      openai: { inputPerMTok: 2, outputPerMTok: 8 },
      gemini: { inputPerMTok: 0.3, outputPerMTok: 2.5 },
      deepseek: { inputPerMTok: 0.28, outputPerMTok: 0.42 },
    },
    alerts: [
      {
        name: 'deepseek fails',
        metric: 'errorRate',
        upstream: 'deepseek',
        above: 0.05,
        minCalls: 20,
        action: 'rollback',
      },
    ],
    clock,
    logger: { warn: () => undefined },
  },
});
ai.canary.on('rollback', ({ upstream, reason }) => console.log(`\nROLLBACK of ${upstream}: ${reason}`));

/** Calls of so many users, which all get an answer. */
async function serve(users: number): Promise<void> {
  for (let user = 0; user < users; user += 1) {
    const messages = [{ role: 'user' as const, content: 'Summarise this page.' }];
    await ai.chat.completions.create({ model: 'gpt-4.1', messages }, route({ key: `user-${user}` }));
  }
}

/** How many requests each provider has received. */
function received(): string {
  return Object.entries(providers)
    .map(([name, { requests }]) => `${name} ${requests.length}`)
    .join(', ');
}

await serve(CALLS);
console.log(`${CALLS} calls reached: ${received()}\n`);
const report = ai.canary.costs();
console.log('upstream     calls     cost USD    saved USD');
for (const [name, row] of [...Object.entries(report.upstreams), ['total', report.total] as const]) {
  const money = [row.costUsd, row.savingsUsd].map((usd) => usd.toFixed(4).padStart(13)).join('');
  console.log(`${name.padEnd(10)} ${String(row.attempts).padStart(7)}${money}`);
}

deepseek.set({ errorRate: 1 });
await serve(CALLS); // throws if a single call fails
await clock.advance(1_000); // rules are checked every second

const failed = deepseek.requests.filter(({ status }) => status === 500).length;
const shares = Object.entries(ai.canary.weights).map(([name, weight]) => `${name} ${(100 * weight).toFixed(1)} %`);
console.log(
  `${failed} requests failed at deepseek, and all ${CALLS} calls were answered. New split: ${shares.join(', ')}`,
);

const before = deepseek.requests.length;
await serve(CALLS);
console.log(`${CALLS} calls later, deepseek has received ${deepseek.requests.length - before} more requests.`);
