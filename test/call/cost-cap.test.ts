/** The cap on the cost of a call, `maxCostUsd`. */

import type { OpenAI } from 'openai';
import { expect, test } from 'vitest';
import { ConfigError, CostCapError, route, type CanaryOptions } from '../../src/index.ts';
import { BODY, errorWithin, within } from '../support/calls.ts';
import { after, chat, failed, json } from '../support/replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

/** A thousand tokens of output cost 0.008 USD on `openai` and 0.0004 USD on `groq`. The price of `gemini` is unknown. */
const PRICES = {
  openai: { inputPerMTok: 2, outputPerMTok: 8 },
  groq: { inputPerMTok: 0.1, outputPerMTok: 0.4 },
};

function priced(canary: CanaryOptions = {}): SetUp {
  return setUp({
    client: { maxRetries: 0 },
    upstreams: { gemini: { model: 'unheard-of' }, groq: {} },
    canary: { prices: PRICES, fallbacks: ['groq', 'openai'], ...canary },
  });
}

const write = ({ ai }: SetUp, options?: OpenAI.RequestOptions) =>
  ai.chat.completions.create({ ...BODY, max_tokens: 1_000 }, options);

test('skips an upstream whose estimate exceeds the cap', async () => {
  const set = priced();
  await within(set.clock, 0, write(set, route({ maxCostUsd: 0.001 })));
  await within(set.clock, 0, write(set, route({ maxCostUsd: 0.01 })));
  await within(set.clock, 0, write(set));
  expect(set.providers.asked).toEqual(['groq', 'openai', 'openai']);
  expect(set.events.of('fallback')).toMatchObject([{ from: 'openai', to: 'groq', reason: 'cost' }]);
});

test('applies the cap of a run to all its calls, unless a call has its own', async () => {
  const set = priced();
  await set.ai.canary.run({ maxCostUsd: 0.001 }, async () => {
    await within(set.clock, 0, write(set));
    await within(set.clock, 0, write(set, route({ maxCostUsd: 1 })));
  });
  expect(set.providers.asked).toEqual(['groq', 'openai']);
});

test('does not fall back to an upstream beyond the cap', async () => {
  const set = priced({ weights: { groq: 1 }, fallbacks: ['openai'] });
  set.providers.script('groq', failed(503));
  expect(await errorWithin(set.clock, 0, write(set, route({ maxCostUsd: 0.001 })))).toMatchObject({ status: 503 });
  expect(set.providers.asked).toEqual(['groq']);
});

/** An answer without a choice, which costs 0.0002 USD on `groq`. */
const DEAR_FAILURE = json({ choices: [], usage: { prompt_tokens: 0, completion_tokens: 500, total_tokens: 500 } });

test('subtracts the cost of earlier attempts before a fallback', async () => {
  const set = priced({ weights: { groq: 1 }, fallbacks: ['openai'] });
  set.providers.script('groq', DEAR_FAILURE);
  await within(set.clock, 0, write(set, route({ maxCostUsd: 0.0081 })));
  expect(set.providers.asked).toEqual(['groq']);
  set.providers.script('groq', DEAR_FAILURE);
  await within(set.clock, 0, write(set, route({ maxCostUsd: 0.0083 })));
  expect(set.providers.asked).toEqual(['groq', 'groq', 'openai']);
});

test('subtracts the cost of earlier attempts before a retry', async () => {
  const set = priced({ weights: { groq: 1 }, fallbacks: [], retry: { attempts: 2, minDelay: 0 } });
  set.providers.script('groq', DEAR_FAILURE, DEAR_FAILURE);
  await within(set.clock, 1_000, write(set, { maxRetries: 2, ...route({ maxCostUsd: 0.0005 }) }));
  expect(set.providers.asked).toEqual(['groq']);
});

test('counts the estimate of attempts in flight: does not hedge beyond the cap', async () => {
  const set = priced({ weights: { groq: 1 }, fallbacks: ['openai'], hedge: { after: 100, maxShare: 1 } });
  set.providers.usually('groq', after(200, chat()));
  await within(set.clock, 200, write(set, route({ maxCostUsd: 0.0083 })));
  expect(set.providers.asked).toEqual(['groq']);
  await within(set.clock, 200, write(set, route({ maxCostUsd: 0.009 })));
  expect(set.providers.asked).toEqual(['groq', 'groq', 'openai']);
});

test('a refused attempt costs nothing', async () => {
  const set = priced({ weights: { groq: 1 }, fallbacks: ['openai'] });
  set.providers.script('groq', failed(503));
  await within(set.clock, 0, write(set, route({ maxCostUsd: 0.0081 })));
  expect(set.providers.asked).toEqual(['groq', 'openai']);
});

test('rejects with the cap and the lowest estimate if every upstream exceeds the cap, and sends nothing', async () => {
  const set = priced();
  const error = await errorWithin(set.clock, 0, write(set, route({ maxCostUsd: 0.0001 })));
  expect(error).toBeInstanceOf(CostCapError);
  expect(error).toMatchObject({ code: 'COST_CAP', maxCostUsd: 0.0001, upstream: 'groq' });
  expect((error as CostCapError).estimateUsd).toBeCloseTo(0.0004, 5);
  expect((error as CostCapError).message).toMatch(
    /^The call may cost \$0\.0001 at most, but the cheapest upstream, groq, is estimated at \$0\.0004/,
  );
  expect(set.providers.asked).toEqual([]);
  expect(set.events.of('call')).toMatchObject([{ outcome: 'neutral', attempts: 0, costUsd: null }]);
});

test('applies the cap to a forced upstream', async () => {
  const set = priced({ fallbacks: [] });
  const error = await errorWithin(set.clock, 0, write(set, route({ upstream: 'openai', maxCostUsd: 0.001 })));
  expect(error).toMatchObject({ code: 'COST_CAP', upstream: 'openai' });
});

test('does not skip an upstream without a known price', async () => {
  const set = priced({ weights: { gemini: 1 } });
  await within(set.clock, 0, write(set, route({ maxCostUsd: 0.0001 })));
  expect(set.providers.asked).toEqual(['gemini']);
});

test('tries an upstream that is out of service rather than one beyond the cap', async () => {
  const set = priced({ weights: { groq: 1 }, fallbacks: ['openai'], breaker: { consecutive: 1 } });
  set.providers.script('groq', failed(503));
  await within(set.clock, 0, write(set));
  await within(set.clock, 0, write(set, route({ maxCostUsd: 0.001 })));
  expect(set.providers.asked).toEqual(['groq', 'openai', 'groq']);
});

test('the route of a task continues to the first upstream within the cap', async () => {
  const set = priced({ tasks: { routes: { summary: ['openai', 'groq'] } } });
  await within(set.clock, 0, write(set, route({ task: 'summary', maxCostUsd: 0.001 })));
  expect(set.providers.asked).toEqual(['groq']);
});

test.each([-1, Number.NaN, Infinity])('rejects a cap of %s', (maxCostUsd) => {
  const set = priced();
  expect(() => route({ maxCostUsd })).toThrow(ConfigError);
  expect(() => set.ai.canary.run({ maxCostUsd }, () => undefined)).toThrow(/^run\.maxCostUsd should be/);
});
