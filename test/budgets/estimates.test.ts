/** The estimates of budgets beside the costs afterwards, and what upstreams cost and how long they are up. */

import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { BODY } from '../support/calls.ts';
import { chat, failed } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';

const PRICES = { openai: { inputPerMTok: 0, outputPerMTok: 8 }, gemini: { inputPerMTok: 0, outputPerMTok: 1 } };
const budgets = [{ name: 'daily', per: 'day', limitUsd: 100 }] as const;

test('costs() compares estimates with costs, in total and by upstream', async () => {
  const set = setUp({ upstreams: { gemini: {} }, canary: { prices: PRICES, budgets } });
  // Estimated at a million tokens of output: 8 and 1 USD.
  set.providers.usually('openai', chat('Hello.', { input: 0, output: 500_000 }));
  set.providers.usually('gemini', chat('Hello.', { input: 0, output: 1_000_000 }));
  const ask = (upstream: string) =>
    set.ai.chat.completions.create({ ...BODY, max_tokens: 1_000_000 }, route({ upstream, fallbacks: false }));
  await ask('openai');
  await ask('gemini');
  expect(set.ai.canary.costs().estimates).toEqual({
    attempts: 2,
    estimateUsd: 9,
    costUsd: 5,
    driftPercent: expect.closeTo(80, 9),
    upstreams: {
      openai: { attempts: 1, estimateUsd: 8, costUsd: 4, driftPercent: 100 },
      gemini: { attempts: 1, estimateUsd: 1, costUsd: 1, driftPercent: 0 },
    },
  });
});

test('an attempt without a cost is not compared, and without budgets nothing is', async () => {
  const set = setUp({ canary: { budgets, retry: { attempts: 0 } } });
  set.providers.usually('openai', failed(400));
  await Promise.allSettled([set.ai.chat.completions.create(BODY)]);
  expect(set.ai.canary.costs().estimates).toMatchObject({ attempts: 0, driftPercent: null, upstreams: {} });
  const without = setUp();
  without.providers.usually('openai', chat());
  await without.ai.chat.completions.create(BODY);
  expect(without.ai.canary.costs().estimates.attempts).toBe(0);
});

test('snapshot() has the cost per call and per 1,000 tokens, and the uptime', async () => {
  const set = setUp({ canary: { prices: { openai: { inputPerMTok: 1, outputPerMTok: 3 } }, retry: { attempts: 0 } } });
  expect(set.ai.canary.snapshot().upstreams['openai']).toMatchObject({
    costPerCall: null,
    costPer1kTokens: null,
    uptime: null,
  });
  const ask = () => Promise.allSettled([set.ai.chat.completions.create(BODY)]);
  set.providers.usually('openai', chat('Hello.', { input: 1_000, output: 1_000 }));
  await ask();
  await set.clock.advance(60_000);
  set.providers.usually('openai', failed(503));
  await ask();
  await set.clock.advance(60_000);
  set.providers.usually('openai', chat('Hello.', { input: 1_000, output: 1_000 }));
  await ask();
  const after = set.ai.canary.snapshot().upstreams['openai'];
  expect(after?.costPerCall).toBeCloseTo(0.004, 12);
  expect(after?.costPer1kTokens).toBeCloseTo(0.002, 12);
  expect(after?.uptime).toBeCloseTo(2 / 3, 12);
});
