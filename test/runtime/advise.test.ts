/** What is missing in valid options is said when the client is built, with the line to write. */

import { expect, test, vi } from 'vitest';
import { CanaryClient, memoryStore, type CanaryOptions } from '../../src/index.ts';

const PRICE = { inputPerMTok: 1, outputPerMTok: 2 };
const UPSTREAM = { baseURL: 'https://gateway.test/v1', apiKey: 'k', model: 'house-model' };
const COST_GUARD = { to: 'mini', steps: [{ weight: 1 }], guardrails: { costPerCall: { margin: 0 } } } as const;

/** The warnings of a client with the upstream `mini`, at the end of its constructor. */
function warningsOf(canary: CanaryOptions): string[] {
  const logger = { warn: vi.fn<(message: string) => void>() };
  void new CanaryClient<string, string>({
    apiKey: 'k',
    canary: { logger, upstreams: { mini: UPSTREAM }, store: { ...memoryStore(), persistent: true }, ...canary },
  });
  return logger.warn.mock.calls.map(([message]) => message);
}

const UNKNOWN = '[openai-canary] No price is known for house-model on mini';
const LINE = 'write prices: { "mini": { inputPerMTok: …, outputPerMTok: … } } in USD';

test.each<[string, CanaryOptions, string]>([
  ['a cost guardrail', { rollout: COST_GUARD }, 'the guardrail costPerCall of the rollout to mini cannot be decided'],
  ['a budget', { budgets: [{ name: 'all', per: 'day', limitUsd: 5 }] }, 'the budget all does not count its calls'],
  [
    'a budget of copies',
    { shadow: { upstream: 'mini', share: 1, budgetUsd: 1 } },
    'shadow.budgetUsd does not limit it',
  ],
])('%s without the price of an upstream is reported', (_name, canary, consequence) => {
  expect(warningsOf(canary)).toEqual([`${UNKNOWN}: ${consequence}; ${LINE} (code: price)`]);
});

test('a known price, and an unknown one that nothing depends on, are not reported', () => {
  expect(warningsOf({ rollout: COST_GUARD, prices: { mini: PRICE } })).toEqual([]);
  expect(warningsOf({})).toEqual([]);
});

test('a rollout without a persistent store is reported', () => {
  const rollout = { to: 'mini', steps: [{ weight: 1 }] } as const;
  expect(warningsOf({ rollout, store: undefined })).toEqual([
    "[openai-canary] Rollouts restart at their first step with each process: there is no persistent store; write store: fileStore('canary.json') (code: rollout)",
  ]);
});

test('listeners that are added after the constructor receive what it reported', async () => {
  const ai = new CanaryClient({
    apiKey: 'k',
    canary: { logger: { warn: () => undefined }, upstreams: { mini: UPSTREAM }, rollout: COST_GUARD },
  });
  const codes: string[] = [];
  ai.canary.on('warning', ({ code }) => codes.push(code));
  await Promise.resolve();
  expect(codes).toEqual(['price', 'rollout']);
});
