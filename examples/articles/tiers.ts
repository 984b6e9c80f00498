/**
 * Tiers of models behind one client: tasks go to the model that suits them, a call has a highest cost and the strong model a daily budget,
 * repeated questions cost nothing, and where a tier fails the next one answers. Then a cheaper main model gets 5, 15, 30, 50 and 100 % of the
 * calls. The clock is simulated. Run: node examples/articles/tiers.ts
 */

import { CanaryClient, presets, route } from '../../src/index.ts';
import { ManualClock, startProvider } from '../../src/testing/index.ts';

const settings = { usage: () => ({ promptTokens: 1_000, completionTokens: 200 }), maxRequests: 100_000 };
await using openai = await startProvider(settings);
await using small = await startProvider(settings);
await using strong = await startProvider(settings);
await using next = await startProvider(settings);

const clock = new ManualClock();
const startedAtMs = clock.now();
await using ai = new CanaryClient({
  baseURL: openai.url,
  apiKey: 'test',
  maxRetries: 0, // a call that fails goes to the next tier at once
  canary: {
    upstreams: {
      small: { baseURL: small.url, apiKey: 'test', model: 'gpt-6-luna' },
      strong: { baseURL: strong.url, apiKey: 'test', model: 'gpt-6-sol' },
      next: { baseURL: next.url, apiKey: 'test', model: 'gpt-6-terra' },
    },
    // The simulated providers are not in the price list.
    prices: {
      openai: { inputPerMTok: 2, outputPerMTok: 8 },
      small: { inputPerMTok: 0.1, outputPerMTok: 0.4 },
      strong: { inputPerMTok: 1.25, outputPerMTok: 10 },
      next: { inputPerMTok: 0.5, outputPerMTok: 2 },
    },
    tasks: { routes: { summary: ['small', 'openai'], legal: ['strong', 'openai', 'small'] } },
    fallbacks: ['openai', 'small'],
    budgets: [{ name: 'strong', per: 'day', limitUsd: 0.05, scope: { upstream: 'strong' }, onExceeded: 'reject' }],
    cache: { ttl: '1h', when: ({ task }) => task === 'summary' },
    rollout: { to: 'next', steps: presets.quick, guardrails: { errorRate: { margin: 0.05 } } },
    clock,
    logger: { warn: () => undefined },
  },
});

/** Asks, and returns the model that answered. */
async function ask(content: string, options: Parameters<typeof route>[0] = {}): Promise<string> {
  const messages = [{ role: 'user' as const, content }];
  const { model } = await ai.chat.completions.create({ model: 'gpt-4.1', max_tokens: 500, messages }, route(options));
  return model;
}
const show = (what: string, result: string): void => console.log(`${what.padEnd(44)} ${result}`);

ai.canary.rollout.pause('the tiers first');
const key = 'user-1';
show('a summary', await ask('Summarise this page.', { task: 'summary', key }));
show(
  'the same summary again',
  `${await ask('Summarise this page.', { task: 'summary', key })}, ${small.requests.length} request`,
);
show('a contract', await ask('Is this clause valid?', { task: 'legal' }));
show('a contract for at most 0.004 USD', await ask('Is this clause valid?', { task: 'legal', maxCostUsd: 0.004 }));

const contracts = await Promise.all(Array.from({ length: 30 }, () => ask('And this one?', { task: 'legal' })));
const byStrong = contracts.filter((model) => model === 'gpt-6-sol').length;
const spentUsd = ai.canary.snapshot().budgets[0]?.spentUsd ?? 0;
show(
  '30 contracts, 0.05 USD a day',
  `${byStrong} by the strong model for ${spentUsd.toFixed(4)} USD, the rest by the next tiers`,
);

openai.set({ errorRate: 1 });
const rescued = await Promise.all(Array.from({ length: 50 }, (_, user) => ask('Hello!', { key: `user-${user}` })));
const answeredBy = (name: string): number => rescued.filter((model) => model === name).length;
show(
  '50 calls while openai is down',
  `${answeredBy('gpt-6-luna')} by the small model, ${answeredBy('gpt-6-terra')} by the canary`,
);
openai.set({ errorRate: 0 });
await clock.advance(120_000); // the breaker lets calls through again

console.log('\nThe next main model:');
ai.canary.on('step', ({ weightsAfter: { next: weight = 0 } }) => {
  const minutes = Math.round((clock.now() - startedAtMs) / 60_000);
  console.log(`${String(minutes).padStart(4)} min  ${(100 * weight).toFixed(0)} %`);
});
ai.canary.rollout.resume();
let users = 0;
while (ai.canary.rollout.state.phase !== 'promoted') {
  await Promise.all(Array.from({ length: 20 }, () => ask('Hello!', { key: `user-${(users += 1)}` })));
  await clock.advance(5_000);
}
const minutes = Math.round((clock.now() - startedAtMs) / 60_000);
console.log(`${String(minutes).padStart(4)} min  promoted\n`);

const { upstreams, total } = ai.canary.costs();
console.log('upstream     calls     cost USD    saved USD');
for (const [name, row] of [...Object.entries(upstreams), ['total', total] as const]) {
  const money = [row.costUsd, row.savingsUsd].map((usd) => usd.toFixed(2).padStart(13)).join('');
  console.log(`${name.padEnd(10)} ${String(row.attempts).padStart(7)}${money}`);
}
