/**
 * The cost that limits and budgets add to a call in memory, compared with the same client without them. Target: a few µs.
 *
 *   node bench/limits.ts
 */

import { CanaryClient, route, type CanaryOptions } from '../src/index.ts';
import { answerText, callBody } from './bodies.ts';
import { measure, median, medianDifference } from './measure.ts';

const headers = {
  'content-type': 'application/json',
  'x-ratelimit-limit-requests': '10000000',
  'x-ratelimit-remaining-requests': '9999999',
  'x-ratelimit-reset-requests': '6ms',
};
const limits = { openai: { rpm: 10_000_000, tpm: 100_000_000_000, concurrency: 100 } };
const budgets = [
  { name: 'all', per: 'day', limitUsd: 1_000_000, onExceeded: 'reject' },
  { name: 'each', per: 'day', limitUsd: 1_000_000, scope: 'key', onExceeded: 'reject' },
] as const;

const figures = await measure(
  { without: client({}), limits: client({ limits }), budgets: client({ budgets }), both: client({ limits, budgets }) },
  { rounds: 60, times: 500 },
);
console.log('                       µs per call     µs more');
for (const [name, values] of Object.entries(figures)) {
  const cells = [median(values), medianDifference(values, figures.without)].map((value) =>
    value.toFixed(1).padStart(12),
  );
  console.log(name.padEnd(22) + cells.join(''));
}

function client(canary: CanaryOptions): () => Promise<unknown> {
  const prices = { openai: { inputPerMTok: 2, outputPerMTok: 8 } };
  const ai = new CanaryClient<string, string>({
    apiKey: 'bench',
    fetch: async () => new Response(answerText, { headers }),
    canary: { prices, ...canary },
  });
  let calls = 0;
  return () => ai.chat.completions.create(callBody, route({ key: `user-${(calls += 1) % 1_000}` }));
}
