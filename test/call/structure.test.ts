/** A 2xx body that is not an answer falls back. Without another upstream, the caller gets the body. */

import { describe, expect, test } from 'vitest';
import { ask, errorWithin, within } from '../support/calls.ts';
import { anything, chat, failed, json, response } from '../support/replies.ts';
import { setUpCanary, type SetUp, type SetUpOptions } from '../support/set-up.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

/** A canary that always answers `body`; the fallback `openai` gives a valid answer. */
function answering(body: unknown, options: SetUpOptions = {}): SetUp {
  const set = setUpCanary({ ...options, client: { maxRetries: 0, ...options.client } });
  set.providers.usually('gemini', json(body));
  return set;
}

const CALLS: readonly (readonly [string, (set: SetUp) => Promise<unknown>, unknown])[] = [
  ['chat without choices', ({ ai }) => ask(ai), { id: 'x', choices: [], usage }],
  ['chat whose choice has no message', ({ ai }) => ask(ai), { choices: [{ index: 0, finish_reason: 'stop' }] }],
  ['chat with an error under a 200', ({ ai }) => ask(ai), { error: { message: 'No.', code: 500 } }],
  ['chat that is a text', ({ ai }) => ask(ai), 'Hello.'],
  ['chat that is null', ({ ai }) => ask(ai), null],
  ['legacy completions', ({ ai }) => ai.completions.create({ model: 'm', prompt: 'x' }), { choices: [] }],
  [
    'a response that failed',
    ({ ai }) => ai.responses.create({ model: 'm', input: 'x' }),
    { status: 'failed', error: {} },
  ],
  ['a response without output', ({ ai }) => ai.responses.create({ model: 'm', input: 'x' }), { id: 'r' }],
  [
    'embeddings',
    ({ ai }) => ai.embeddings.create({ model: 'm', input: 'x', encoding_format: 'float' }),
    { object: 'list', data: [] },
  ],
  ['moderations', ({ ai }) => ai.moderations.create({ model: 'm', input: 'x' }), { results: [] }],
];

test.each(CALLS)('falls back after malformed %s', async (_name, act, body) => {
  const set = answering(body);
  set.providers.usually('openai', anything());
  expect(await within(set.clock, 0, act(set))).toMatchObject({ id: 'answer-1' });
  expect(set.providers.asked).toEqual(['gemini', 'openai']);
  expect(set.events.of('attempt')).toMatchObject([
    { upstream: 'gemini', outcome: 'failure', kind: 'malformed' },
    { upstream: 'openai', outcome: 'success', reason: 'fallback' },
  ]);
  expect(set.events.of('fallback')).toMatchObject([{ from: 'gemini', to: 'openai', reason: 'malformed' }]);
});

test.each(CALLS)('returns malformed %s without another upstream', async (_name, act, body) => {
  const set = answering(body, { canary: { fallbacks: [] } });
  const answer = await within(set.clock, 0, act(set));
  expect({ answer }).toMatchObject({ answer: body });
  expect(set.events.of('call')).toMatchObject([{ outcome: 'failure', kind: 'malformed', attempts: 1 }]);
});

describe('a malformed answer', () => {
  test('is retried first, after a back-off', async () => {
    const set = setUpCanary({ canary: { retry: { minDelay: '1s', maxDelay: '1s' }, random: () => 0.5 } });
    set.providers.script('gemini', json({ choices: [] }), chat('Better.'));
    const answer = await within(set.clock, 875, ask(set.ai));
    expect(answer.choices[0]?.message.content).toBe('Better.');
    expect(set.providers.asked).toEqual(['gemini', 'gemini']);
    expect(set.events.of('retry')).toMatchObject([{ kind: 'malformed', delayMs: 875 }]);
  });

  test('of another shape is given at once where no other upstream can serve the call', async () => {
    const set = answering(
      { type: 'message', content: [{ type: 'text', text: 'Hello.' }] },
      { client: { maxRetries: 2 }, canary: { fallbacks: [] } },
    );
    expect(await within(set.clock, 0, ask(set.ai))).toMatchObject({ type: 'message' });
    expect(set.providers.asked).toEqual(['gemini']);
  });

  test('with an error is requested again, also where no other upstream can serve the call', async () => {
    const set = setUpCanary({ canary: { fallbacks: [], random: () => 0.5 } });
    set.providers.script('gemini', json({ error: { message: 'Overloaded.', code: 502 } }), chat('Better.'));
    const answer = await within(set.clock, 500, ask(set.ai));
    expect(answer.choices[0]?.message.content).toBe('Better.');
    expect(set.providers.asked).toEqual(['gemini', 'gemini']);
  });

  test('is a failure for the breaker', async () => {
    const set = answering({ choices: [] }, { canary: { breaker: { consecutive: 1 } } });
    await within(set.clock, 0, ask(set.ai));
    expect(set.events.of('breaker')).toMatchObject([{ upstream: 'gemini', to: 'open' }]);
  });

  test('counts with its cost', async () => {
    const set = answering({ choices: [], usage });
    await within(set.clock, 0, ask(set.ai));
    expect(set.events.of('attempt')).toMatchObject([{ cost: { costUsd: 0.00006 } }, { cost: { costUsd: 0.00006 } }]);
    expect(set.events.of('call')).toMatchObject([{ costUsd: 0.00012 }]);
  });

  test('is replaced by the error of the next upstream if that is the upstream’s fault', async () => {
    const set = answering({ choices: [] });
    set.providers.script('openai', failed(503));
    expect(await errorWithin(set.clock, 0, ask(set.ai))).toMatchObject({ status: 503 });
  });

  test('is returned with its response and request id', async () => {
    const set = setUpCanary({ client: { maxRetries: 0 }, canary: { fallbacks: [] } });
    set.providers.script('gemini', json({ choices: [] }, { headers: { 'x-request-id': 'req_7' } }));
    const { data, request_id } = await set.ai.chat.completions.create({ model: 'm', messages: [] }).withResponse();
    expect([data.choices, request_id]).toEqual([[], 'req_7']);
  });
});

describe('an answer that the provider filtered', () => {
  const FILTERED = {
    choices: [{ index: 0, message: { role: 'assistant', content: '' }, finish_reason: 'content_filter' }],
  };

  test('is neutral and delivered', async () => {
    const set = answering(FILTERED, { canary: { breaker: { consecutive: 1 } } });
    const answer = await within(set.clock, 0, ask(set.ai));
    expect(answer.choices[0]?.finish_reason).toBe('content_filter');
    expect(set.providers.asked).toEqual(['gemini']);
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'neutral', kind: 'contentFilter' }]);
    expect(set.events.of('breaker')).toEqual([]);
  });

  test('falls back to the upstreams that are listed for it', async () => {
    const set = answering(FILTERED, { canary: { fallbacks: { contentFilter: ['openai'] } } });
    expect((await within(set.clock, 0, ask(set.ai))).choices[0]?.finish_reason).toBe('stop');
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
  });

  test('is neutral in the Responses API, too', async () => {
    const details = { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
    const set = setUpCanary({ canary: { fallbacks: { contentFilter: ['openai'] } } });
    set.providers.script('gemini', response('resp_g', details)).script('openai', response('resp_o'));
    expect((await within(set.clock, 0, set.ai.responses.create({ model: 'm', input: 'x' }))).id).toBe('resp_o');
  });
});

test('does not check answers of requests that are not portable', async () => {
  const set = setUpCanary();
  set.providers.script('openai', json({ error: { message: 'A field of the file.' } }));
  expect(await within(set.clock, 0, set.ai.files.retrieve('file_1'))).toMatchObject({ error: {} });
});

test('does not check raw responses', async () => {
  const set = answering({ choices: [] });
  const raw = await set.ai.chat.completions.create({ model: 'm', messages: [] }).asResponse();
  expect(await raw.json()).toEqual({ choices: [] });
  expect(set.providers.asked).toEqual(['gemini']);
});
