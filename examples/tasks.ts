/**
 * Routes summaries to a cheap model and contracts to a strong one, and caps the cost of a call. Run: node
 * examples/tasks.ts
 */

import { CanaryClient, CostCapError, route, type TaskContext } from '../src/index.ts';
import { startProvider } from '../src/testing/index.ts';

await using provider = await startProvider();

/** Tasks by keyword. A classifier may also use a request header, a small model or a table of prompts. */
const KEYWORDS: Readonly<Record<string, RegExp>> = {
  legal: /\b(contract|clause|liability|gdpr)\b/i,
  summary: /\b(summari[sz]e|tl;dr|in short)\b/i,
};

function classify({ body }: TaskContext): string | undefined {
  const { messages } = body as { readonly messages?: readonly { readonly content?: unknown }[] };
  const text = JSON.stringify(messages?.at(-1)?.content);
  return Object.keys(KEYWORDS).find((task) => KEYWORDS[task]?.test(text));
}

await using ai = new CanaryClient({
  baseURL: provider.url,
  apiKey: 'test',
  canary: {
    upstreams: { small: { model: 'gpt-6-luna' }, strong: { model: 'gpt-6-sol' } },
    // The simulated provider is not in the price list.
    prices: {
      openai: { inputPerMTok: 0.4, outputPerMTok: 1.6 },
      small: { inputPerMTok: 0.1, outputPerMTok: 0.4 },
      strong: { inputPerMTok: 1.25, outputPerMTok: 10 },
    },
    tasks: { classify, routes: { summary: ['small', 'openai'], legal: ['strong', 'openai'] } },
  },
});

const ask = (content: string, options = {}) =>
  ai.chat.completions.create(
    { model: 'gpt-4.1-mini', max_tokens: 500, messages: [{ role: 'user', content }] },
    options,
  );

for (const question of ['Summarize our meeting.', 'Is this clause enforceable?', 'Write a poem.']) {
  const { model } = await ask(question);
  console.log(`${question.padEnd(28)} → ${model}`);
}

// A call can also name its task. An upstream that could cost more than the cap is skipped.
const { model } = await ask('The whole file, please.', route({ task: 'legal', maxCostUsd: 0.001 }));
console.log(`${'At most 0.001 USD'.padEnd(28)} → ${model}`);

try {
  await ask('Is this clause enforceable?', route({ maxCostUsd: 0.000_001 }));
} catch (error) {
  if (error instanceof CostCapError) console.log(error.message);
}

console.table(ai.canary.snapshot().tasks, ['calls', 'costUsd', 'fallbackRate']);
