/** What an answer costs beyond its plain tokens, through the client. */

import { expect, test } from 'vitest';
import { BODY, drain } from '../support/calls.ts';
import { json } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';
import { events } from '../support/stream-replies.ts';

const LISTED = { prices: { openai: { multiplier: 1, of: 'openai' } } };
/** gpt-5: 1.25 USD for a million input tokens, 10 for output (https://platform.openai.com/docs/pricing). */
const STANDARD_USD = (1_000 * 1.25 + 100 * 10) / 1e6;
const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  model: 'gpt-5',
  status: 'completed',
  output: [{ type: 'web_search_call', status: 'completed', action: { type: 'search' } }],
  usage: { input_tokens: 1_000, output_tokens: 100, total_tokens: 1_100 },
};

test.each([
  ['default', 1],
  ['flex', 0.5],
  ['priority', 2],
  ['fast', 2],
])('an answer of the %s tier costs %d times the standard price', async (tier, factor) => {
  const { ai, providers } = setUp({ canary: LISTED });
  const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
  providers.usually('openai', (request) =>
    json({ ...ANSWER, service_tier: request.body['service_tier'], usage })(request),
  );
  const answer = ai.chat.completions.create({ ...BODY, model: 'gpt-5', service_tier: tier as 'flex' });
  await answer;
  expect(ai.canary.last(answer)?.attempts[0]?.cost).toMatchObject({ costUsd: STANDARD_USD * factor });
  expect(ai.canary.costs().total.costUsd).toBeCloseTo(STANDARD_USD * factor, 12);
});

const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 0,
  model: 'gpt-5',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
};

test('a stream has the price of the tier that one of its chunks named, also where it is left', async () => {
  const { ai, providers } = setUp({ canary: LISTED });
  const begun = { id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'gpt-5', service_tier: 'flex' };
  const text = { event: { ...begun, choices: [{ index: 0, delta: { content: 'Hello.' }, finish_reason: null }] } };
  const end = { event: { ...begun, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] } };
  const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
  providers.usually('openai', events([text, end, { event: { choices: [], usage } }]));
  const body = { ...BODY, model: 'gpt-5', service_tier: 'flex', stream: true } as const;
  await drain(await ai.chat.completions.create(body));
  expect(ai.canary.costs().total.costUsd).toBeCloseTo(STANDARD_USD / 2, 12);
  const left = ai.chat.completions.create(body);
  for await (const _ of await left) break;
  const { cost, usage: estimated } = ai.canary.last(left)?.attempts[0] ?? {};
  expect(cost).toMatchObject({ source: 'estimated', costUsd: expect.any(Number) });
  expect(estimated).toMatchObject({ serviceTier: 'flex' });
});

test('a response includes the fees of its searches, streamed or not', async () => {
  const { ai, providers } = setUp({ canary: LISTED });
  const body = { model: 'gpt-5', input: 'Hello?', tools: [{ type: 'web_search' as const }] };
  providers.script('openai', json(RESPONSE));
  await ai.responses.create(body);
  expect(ai.canary.costs().total.costUsd).toBeCloseTo(STANDARD_USD + 0.01, 12);
  providers.script('openai', events([{ event: { type: 'response.completed', response: RESPONSE } }], { done: false }));
  await drain(await ai.responses.create({ ...body, stream: true }));
  expect(ai.canary.costs().total.costUsd).toBeCloseTo(2 * (STANDARD_USD + 0.01), 12);
});

test('a cost without a known tool fee says so', async () => {
  const { ai, providers } = setUp();
  providers.usually('openai', json(RESPONSE));
  const answer = ai.responses.create({ model: 'gpt-5', input: 'Hello?' });
  await answer;
  expect(ai.canary.last(answer)?.attempts[0]?.cost).toMatchObject({ source: 'override', missing: ['tool fees'] });
});
