/** Reports costs by customer and by model, and the savings of the canary. Run: node examples/cost-report.ts */

import { CanaryClient, route } from '../src/index.ts';
import { seededRandom, startProvider } from '../src/testing/index.ts';

// One simulated provider serves both models, and reports these tokens for each call.
await using provider = await startProvider({ usage: () => ({ promptTokens: 1_200, completionTokens: 300 }) });

await using ai = new CanaryClient({
  apiKey: 'test',
  baseURL: provider.url,
  canary: {
    upstreams: { mini: { model: 'gpt-4.1-mini', price: { multiplier: 1, of: 'openai' } } }, // OpenAI's list price
    weights: { openai: 0.5, mini: 0.5 },
    prices: { openai: { multiplier: 0.9, of: 'openai' } }, // a discount of 10 %
    random: seededRandom(1),
  },
});

const customers = ['acme', 'globex', 'initech'];
for (let call = 0; call < 60; call += 1) {
  const key = customers[call % 3];
  const messages = [{ role: 'user' as const, content: 'Summarise this contract.' }];
  await ai.chat.completions.create({ model: 'gpt-4.1', messages }, route({ key: `${key}-${call}`, task: key }));
}

const byTask = ai.canary.costs({ by: 'task' });
console.log('customer      calls        cost    on stable     saved');
for (const { name, attempts, costUsd, stableCostUsd, savingsUsd } of [
  ...byTask.rows,
  { name: 'total', ...byTask.total },
]) {
  const money = [costUsd, stableCostUsd, savingsUsd].map((usd) => usd.toFixed(4).padStart(12)).join('');
  console.log(`${(name ?? '').padEnd(10)} ${String(attempts).padStart(8)}${money}`);
}
console.log(`\nPrice list of ${byTask.prices.date} (version ${byTask.prices.version}).\n`);
console.log(ai.canary.costs({ by: 'model' }).toCsv());
