/**
 * A daily budget for a strong model, with fallback to a cheap one, and an hourly budget per user. Run: node
 * examples/budget.ts
 */

import { BudgetExceededError, CanaryClient, route } from '../src/index.ts';
import { startProvider } from '../src/testing/index.ts';

await using provider = await startProvider({ usage: () => ({ completionTokens: 1_000 }) });

await using ai = new CanaryClient({
  baseURL: provider.url,
  apiKey: 'test',
  canary: {
    upstreams: { strong: { model: 'gpt-6-sol' } },
    weights: { strong: 1 },
    // The simulated provider is not in the price list.
    prices: {
      openai: { inputPerMTok: 0.1, outputPerMTok: 0.4 },
      strong: { inputPerMTok: 1.25, outputPerMTok: 10 },
    },
    budgets: [
      { name: 'strong model', per: 'day', limitUsd: 0.1, scope: { upstream: 'strong' }, onExceeded: 'reject' },
      { name: 'each user', per: 'hour', limitUsd: 0.05, scope: 'key', onExceeded: 'reject' },
      { name: 'all', per: 'month', limitUsd: 500 },
    ],
  },
});

ai.canary.on('budget', ({ name, share, spentUsd, limitUsd }) => {
  console.log(`  ${name}: ${share * 100} % (${spentUsd.toFixed(3)} of ${limitUsd} USD)`);
});

const ask = (user: string) =>
  ai.chat.completions.create(
    { model: 'gpt-6-luna', max_tokens: 1_000, messages: [{ role: 'user', content: 'Tell me a long story.' }] },
    route({ key: user }),
  );

// The highest possible cost of each call is reserved before it is sent, so these 40 concurrent calls cannot exceed
// the budget.
const answers = await Promise.all(Array.from({ length: 40 }, (_, call) => ask(`user-${call}`)));
for (const model of ['gpt-6-sol', 'gpt-6-luna']) {
  console.log(`${answers.filter((answer) => answer.model === model).length} answers by ${model}`);
}

try {
  for (;;) await ask('user-0');
} catch (error) {
  if (!(error instanceof BudgetExceededError)) throw error;
  console.log(`user-0 is rejected by the budget "${error.budget}"`);
}

console.table(ai.canary.snapshot().budgets, ['name', 'spentUsd', 'accounts', 'exhausted']);
