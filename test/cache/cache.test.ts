/** Replay of whole answers to identical calls. */

import type { OpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import { route, type CacheOptions, type CanaryOptions } from '../../src/index.ts';
import { BODY, ask as askAnything, errorWithin, watch, within } from '../support/calls.ts';
import { after, chat, failed, json, response, silent } from '../support/replies.ts';
import { setUp, setUpCanary, type SetUp } from '../support/set-up.ts';

const COLD: OpenAI.ChatCompletionCreateParamsNonStreaming = { ...BODY, temperature: 0 };

function cached(cache: CacheOptions = {}, canary: CanaryOptions = {}): SetUp {
  return setUp({ client: { maxRetries: 0 }, canary: { cache, ...canary } });
}

function ask(client: OpenAI, options?: OpenAI.RequestOptions, body: object = {}) {
  return client.chat.completions.create({ ...COLD, ...body }, options);
}

const textOf = ({ choices }: OpenAI.ChatCompletion): string | null | undefined => choices[0]?.message.content;

describe('an identical call', () => {
  test('is answered from the cache without a request', async () => {
    const { ai, clock, providers } = cached();
    providers.script('openai', chat('Once.'));
    const first = await within(clock, 0, ask(ai));
    const second = await within(clock, 0, ask(ai));
    expect(second).toEqual(first);
    expect(providers.asked).toEqual(['openai']);
  });

  test('is sent again once the answer is older than the ttl', async () => {
    const { ai, clock, providers } = cached({ ttl: '1m' });
    await within(clock, 0, ask(ai));
    await clock.advance(60_000);
    await within(clock, 0, ask(ai));
    expect(providers.asked).toHaveLength(1);
    await clock.advance(1);
    await within(clock, 0, ask(ai));
    expect(providers.asked).toHaveLength(2);
  });

  test.each([500.5, '1.001s'] as const)('accepts a ttl of %s, a fractional number of ms', async (ttl) => {
    const { ai, clock, providers } = cached({ ttl });
    await within(clock, 0, ask(ai));
    await within(clock, 0, ask(ai));
    expect(providers.asked).toHaveLength(1);
    await clock.advance(1_002);
    await within(clock, 0, ask(ai));
    expect(providers.asked).toHaveLength(2);
  });

  test('costs nothing, and its cost on stable counts as saved', async () => {
    const { ai, clock, events } = cached();
    await within(clock, 0, ask(ai));
    const promise = ask(ai);
    await within(clock, 0, promise);
    expect(ai.canary.last(promise)?.attempts).toMatchObject([
      { delivery: 'cached', outcome: 'success', upstream: 'openai', cost: { costUsd: 0, source: 'cached' } },
    ]);
    expect(events.of('call').at(-1)).toMatchObject({
      cached: true,
      costUsd: 0,
      upstream: 'openai',
      outcome: 'success',
    });
    const { total } = ai.canary.costs();
    expect(total).toMatchObject({ attempts: 2, inputTokens: 10, outputTokens: 5, unpriced: 0 });
    expect(total.costUsd).toBeCloseTo(0.00006, 9);
    expect(total.savingsUsd).toBeCloseTo(0.00006, 9);
  });

  test('is not counted in any window', async () => {
    const { ai, clock } = cached();
    await within(clock, 0, ask(ai));
    const { cache: _, ...before } = ai.canary.snapshot();
    await within(clock, 0, ask(ai));
    expect(ai.canary.snapshot()).toMatchObject(before);
  });

  test('is answered while the breaker is open, and leaves the breaker unchanged', async () => {
    const { ai, clock, providers } = cached({}, { breaker: { consecutive: 1, openFor: '1h' }, retry: { attempts: 0 } });
    providers.script('openai', chat('Kept.'), failed(500));
    await within(clock, 0, ask(ai));
    await errorWithin(clock, 0, ask(ai, undefined, { seed: 1 }));
    const { breaker } = ai.canary.snapshot().upstreams.openai ?? {};
    expect(breaker?.state).toBe('open');
    expect(textOf(await within(clock, 0, ask(ai)))).toBe('Kept.');
    expect(ai.canary.snapshot().upstreams.openai?.breaker).toEqual(breaker);
  });

  test('gets its own body: an answer that one caller modifies reaches the next caller unmodified', async () => {
    const { ai, clock } = cached();
    const first = await within(clock, 0, ask(ai));
    first.choices.length = 0;
    const second = await within(clock, 0, ask(ai));
    expect(textOf(second)).toBe('Hello.');
    second.choices.length = 0;
    expect(textOf(await within(clock, 0, ask(ai)))).toBe('Hello.');
  });

  test('gets the request id, response and raw response of the first call', async () => {
    const { ai, clock, providers } = cached();
    const headers = { 'x-request-id': 'req_1', 'x-ratelimit-remaining-requests': '7', 'set-cookie': 'a=b' };
    const whole = json({ ...completion('Kept.') }, { headers });
    providers.script('openai', whole);
    const first = await within(clock, 0, ask(ai).withResponse());
    const second = await within(clock, 0, ask(ai).withResponse());
    expect(second.data).toHaveProperty('_request_id', 'req_1');
    expect(second.request_id).toBe(first.request_id);
    expect(second.response.url).toBe(first.response.url);
    expect(second.response.headers.get('content-type')).toBe('application/json');
    expect(second.response.headers.has('x-ratelimit-remaining-requests')).toBe(false);
    expect(second.response.headers.has('set-cookie')).toBe(false);
    const raw = await within(clock, 0, ask(ai).asResponse());
    expect(await raw.json()).toEqual(completion('Kept.'));
    expect(providers.asked).toHaveLength(1);
  });

  test('is cached when the first caller reads the raw response', async () => {
    const { ai, clock, providers } = cached();
    const raw = await within(clock, 0, ask(ai).asResponse());
    expect(await raw.json()).toMatchObject({ object: 'chat.completion' });
    await within(clock, 0, ask(ai));
    expect(providers.asked).toHaveLength(1);
  });

  test('works with the helpers of other surfaces: embeddings as numbers, output_text', async () => {
    const { ai, clock, providers } = cached();
    const numbers = new Float32Array([0.5, -1]);
    const base64 = Buffer.from(numbers.buffer).toString('base64');
    providers.script('openai', json({ object: 'list', data: [{ index: 0, embedding: base64 }], model: 'm' }));
    const embed = () => ai.embeddings.create({ model: 'text-embedding-3-small', input: 'x' });
    await within(clock, 0, embed());
    expect((await within(clock, 0, embed())).data[0]?.embedding).toEqual([0.5, -1]);
    const message = { type: 'message', content: [{ type: 'output_text', text: 'Hello.' }] };
    providers.script('openai', response('resp_1', { output: [message] }));
    const respond = () => ai.responses.create({ model: 'm', input: 'x', temperature: 0 });
    await within(clock, 0, respond());
    expect(await within(clock, 0, respond())).toMatchObject({ id: 'resp_1', output_text: 'Hello.' });
    expect(providers.asked).toHaveLength(2);
  });
});

describe('the cache key', () => {
  test.each([
    ['another word', { messages: [{ role: 'user', content: 'Say goodbye.' }] }],
    ['another model', { model: 'gpt-4.1-mini' }],
    ['another field', { seed: 1 }],
    ['another user in the body', { user: 'user-2' }],
  ])('differs for %s', async (_, body) => {
    const { ai, clock, providers } = cached();
    await within(clock, 0, ask(ai));
    await within(clock, 0, ask(ai, undefined, body));
    expect(providers.asked).toHaveLength(2);
  });

  test('differs by the key of the call, unless answers are shared', async () => {
    const apart = cached();
    await within(apart.clock, 0, ask(apart.ai, route({ key: 'user-1' })));
    await within(apart.clock, 0, ask(apart.ai, route({ key: 'user-2' })));
    await within(apart.clock, 0, ask(apart.ai, route({ key: 'user-2' })));
    expect(apart.providers.asked).toHaveLength(2);
    const shared = cached({ shared: true });
    await within(shared.clock, 0, ask(shared.ai, route({ key: 'user-1' }), { user: 'user-1' }));
    await within(shared.clock, 0, ask(shared.ai, route({ key: 'user-2' }), { user: 'user-2' }));
    expect(shared.providers.asked).toHaveLength(1);
  });

  test('differs by the key option of the cache, even with shared answers', async () => {
    const { ai, clock, providers } = cached({ shared: true, key: ({ attributes }) => String(attributes.tenant) });
    const asTenant = (tenant: string, key: string) => ask(ai, route({ key, attributes: { tenant } }));
    await within(clock, 0, asTenant('acme', 'user-1'));
    await within(clock, 0, asTenant('acme', 'user-2'));
    await within(clock, 0, asTenant('other', 'user-3'));
    expect(providers.asked).toHaveLength(2);
  });

  test('includes headers, except those that identify a single call', async () => {
    const { ai, clock, providers } = cached();
    await within(clock, 0, ask(ai, { headers: { traceparent: '1' } }));
    await within(clock, 0, ask(ai, { headers: { traceparent: '2' } }));
    expect(providers.asked).toHaveLength(1);
    await within(clock, 0, ask(ai, { headers: { 'openai-beta': 'x' } }));
    await within(clock, 0, ask(ai, { headers: { authorization: 'Bearer key-of-another' } }));
    expect(providers.asked).toHaveLength(3);
  });

  test('differs for a clone of the client with other credentials', async () => {
    const { ai, clock, providers } = cached();
    await within(clock, 0, ask(ai));
    await within(clock, 0, ask(ai.withOptions({ timeout: 5_000 })));
    expect(providers.asked).toHaveLength(1);
    await within(clock, 0, ask(ai.withOptions({ apiKey: 'key-of-another' })));
    await within(clock, 0, ask(ai.withOptions({ defaultHeaders: { 'x-tenant': 'acme' } })));
    expect(providers.asked).toHaveLength(3);
  });

  test('differs for clones with different apiKey functions, before and after the first call', async () => {
    const { ai, clock, providers } = cached();
    const tenant = (name: string) => ai.withOptions({ apiKey: () => Promise.resolve(`token-of-${name}`) });
    const [one, other] = [tenant('one'), tenant('other')];
    for (const client of [one, other]) await within(clock, 0, ask(client));
    expect(providers.asked).toHaveLength(2);
    for (const client of [one, other]) await within(clock, 0, ask(client));
    expect(providers.asked).toHaveLength(2);
  });

  test('stays the same when an apiKey function renews its token', async () => {
    let tokens = 0;
    const apiKey = () => Promise.resolve(`token-${(tokens += 1)}`);
    const { ai, clock, providers } = setUp({ client: { apiKey }, canary: { cache: {} } });
    for (let call = 0; call < 3; call += 1) await within(clock, 0, ask(ai));
    expect(providers.asked).toHaveLength(1);
  });

  test('differs by upstream', async () => {
    const { ai, clock, providers } = setUp({ upstreams: { gemini: {} }, canary: { cache: {} } });
    await within(clock, 0, ask(ai));
    await within(clock, 0, ask(ai, route({ upstream: 'gemini' })));
    await within(clock, 0, ask(ai, route({ upstream: 'gemini' })));
    expect(providers.asked).toEqual(['openai', 'gemini']);
  });
});

describe('does not cache', () => {
  test('a call with a temperature other than 0', async () => {
    const { ai, clock, providers } = cached();
    for (const body of [{ temperature: 0.7 }, { temperature: undefined }]) {
      await within(clock, 0, ask(ai, undefined, body));
      await within(clock, 0, ask(ai, undefined, body));
    }
    expect(providers.asked).toHaveLength(4);
  });

  test('an answer that continues a response', async () => {
    const { ai, clock, providers } = cached({ when: () => true });
    const again = { model: 'm', input: 'And?', previous_response_id: 'resp_0' };
    for (let turn = 0; turn < 2; turn += 1) {
      providers.script('openai', response(`resp_${turn + 1}`));
      await within(clock, 0, ai.responses.create(again));
    }
    expect(providers.asked).toHaveLength(2);
  });

  test('an error, a filtered answer, or a tool call with broken arguments', async () => {
    const { ai, clock, providers } = cached();
    const filtered = json({ ...completion(''), choices: [choice({ content: '' }, 'content_filter')] });
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":' } };
    const broken = json({ ...completion(''), choices: [choice({ tool_calls: [call] }, 'tool_calls')] });
    providers.script('openai', failed(400), filtered, broken, chat());
    await errorWithin(clock, 0, ask(ai));
    await within(clock, 0, ask(ai));
    await within(clock, 0, ask(ai));
    await within(clock, 0, ask(ai));
    expect(providers.asked).toHaveLength(4);
  });

  test('the answer of a fallback upstream', async () => {
    const { ai, clock, providers } = setUpCanary({ client: { maxRetries: 0 }, canary: { cache: {} } });
    providers.script('gemini', failed(503), chat('From gemini.'));
    providers.script('openai', chat('From openai.'));
    expect(textOf(await within(clock, 0, ask(ai)))).toBe('From openai.');
    expect(textOf(await within(clock, 0, ask(ai)))).toBe('From gemini.');
    expect(textOf(await within(clock, 0, ask(ai)))).toBe('From gemini.');
    expect(providers.asked).toEqual(['gemini', 'openai', 'gemini']);
  });

  test('the least recently used answer once the cache is full', async () => {
    const { ai, clock, providers } = cached({ maxBytes: 4_000 });
    const about = (seed: number) => within(clock, 0, ask(ai, undefined, { seed }));
    await about(1);
    await about(2);
    await about(1);
    await about(3);
    await about(1);
    expect(providers.asked).toHaveLength(3);
    await about(2);
    expect(providers.asked).toHaveLength(4);
  });

  test.each([
    ['when', { when: () => fail() }],
    ['key', { key: () => fail() }],
  ])('anything if %s throws, and warns once', async (option, cache) => {
    const { ai, clock, providers, events } = cached(cache);
    await within(clock, 0, ask(ai));
    await within(clock, 0, ask(ai));
    expect(providers.asked).toHaveLength(2);
    const message = `The ${option} function of the cache threw Error: No idea`;
    expect(events.of('warning')).toMatchObject([{ code: 'cache', message }]);
  });
});

test('when decides which calls are cached, and receives the call and its body', async () => {
  const { ai, clock, providers } = cached({ when: ({ task, body }) => task === 'faq' && body !== undefined });
  await within(clock, 0, askAnything(ai, route({ task: 'faq' })));
  await within(clock, 0, askAnything(ai, route({ task: 'faq' })));
  await within(clock, 0, ask(ai));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toHaveLength(3);
});

test('snapshot().cache counts hits, joined calls, misses, entries and bytes', async () => {
  const { ai, clock, providers } = cached();
  providers.script('openai', after(10, chat()));
  await within(clock, 10, Promise.all([ask(ai), ask(ai)]));
  await within(clock, 0, ask(ai));
  const { cache } = ai.canary.snapshot();
  expect(cache).toMatchObject({ misses: 1, joined: 1, hits: 1, entries: 1 });
  expect(cache?.bytes).toBeGreaterThan(1_000);
  expect(setUp().ai.canary.snapshot().cache).toBeUndefined();
});

test('caches nothing without the option', async () => {
  const { ai, clock, providers } = setUp();
  await within(clock, 0, ask(ai));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toHaveLength(2);
});

describe('identical calls at the same time', () => {
  test('share one request, and each gets its own body', async () => {
    const { ai, clock, providers, events } = cached();
    providers.script('openai', after(100, chat('For all.')));
    const answers = await within(clock, 100, Promise.all([ask(ai), ask(ai), ask(ai)]));
    expect(answers.map(textOf)).toEqual(['For all.', 'For all.', 'For all.']);
    expect(new Set(answers).size).toBe(3);
    expect(providers.asked).toEqual(['openai']);
    expect(events.of('attempt').map(({ delivery }) => delivery)).toEqual(['dispatched', 'cached', 'cached']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('do not wait for a first caller that has not read its answer', async () => {
    const { ai, clock, providers } = cached();
    const unclaimed = ask(ai);
    const second = await within(clock, 0, ask(ai));
    expect(textOf(second)).toBe('Hello.');
    expect(textOf(await within(clock, 0, unclaimed))).toBe('Hello.');
    expect(providers.asked).toHaveLength(1);
  });

  test('continue when the first caller aborts: the next one sends its request', async () => {
    const { ai, clock, providers } = cached();
    providers.script('openai', silent(), after(50, chat('For the others.')));
    const aborter = new AbortController();
    const first = watch(ask(ai, { signal: aborter.signal }));
    const others = watch(Promise.all([ask(ai), ask(ai)]));
    await clock.advance(10);
    aborter.abort();
    await clock.advance(50);
    expect(first.now).toMatchObject({ state: 'rejected', error: { message: 'Request was aborted.' } });
    expect(others.now).toMatchObject({ state: 'resolved' });
    expect(providers.asked).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
  });

  test('are not affected by a waiting caller that aborts', async () => {
    const { ai, clock, providers } = cached();
    providers.script('openai', after(100, chat()));
    const aborter = new AbortController();
    const first = watch(ask(ai));
    const second = watch(ask(ai, { signal: aborter.signal }));
    await clock.advance(10);
    aborter.abort();
    await clock.advance(0);
    expect(second.now).toMatchObject({ state: 'rejected', error: { message: 'Request was aborted.' } });
    await clock.advance(90);
    expect(first.now.state).toBe('resolved');
    expect(providers.asked).toHaveLength(1);
  });

  test('are sent separately when the first one fails', async () => {
    const { ai, clock, providers } = cached();
    providers.script('openai', after(10, failed(400)), chat('Second.'), chat('Third.'));
    const first = watch(ask(ai));
    const others = watch(Promise.all([ask(ai), ask(ai)]));
    await clock.advance(10);
    expect(first.now).toMatchObject({ state: 'rejected', error: { status: 400 } });
    expect(others.now.state === 'resolved' && others.now.value.map(textOf)).toEqual(['Second.', 'Third.']);
    expect(providers.asked).toHaveLength(3);
  });

  test('wait at most their own timeout, and are then sent separately', async () => {
    const { ai, clock, providers } = cached();
    providers.script('openai', silent(), chat('Impatient.'));
    void ask(ai).catch(() => undefined);
    const second = watch(ask(ai, { timeout: 1_000 }));
    await clock.advance(999);
    expect(second.now.state).toBe('pending');
    await clock.advance(1);
    expect(second.now.state === 'resolved' && textOf(second.now.value)).toBe('Impatient.');
  });

  test('share the answer of a fallback, which is not cached', async () => {
    const { ai, clock, providers } = setUpCanary({ client: { maxRetries: 0 }, canary: { cache: {} } });
    providers.script('gemini', after(10, failed(503)), chat('From gemini.'));
    providers.script('openai', chat('From openai.'));
    const answers = await within(clock, 10, Promise.all([ask(ai), ask(ai)]));
    expect(answers.map(textOf)).toEqual(['From openai.', 'From openai.']);
    expect(textOf(await within(clock, 0, ask(ai)))).toBe('From gemini.');
    expect(providers.asked).toEqual(['gemini', 'openai', 'gemini']);
  });

  test('do not share the answer of a fallback if they allow no fallbacks', async () => {
    const { ai, clock, providers } = setUpCanary({ client: { maxRetries: 0 }, canary: { cache: {} } });
    providers.script('gemini', after(10, failed(503)), chat('From gemini.'));
    providers.script('openai', chat('From openai.'));
    const answers = await within(clock, 10, Promise.all([ask(ai), ask(ai, route({ fallbacks: false }))]));
    expect(answers.map(textOf)).toEqual(['From openai.', 'From gemini.']);
  });
});

function fail(): never {
  throw new Error('No idea');
}

function choice(message: object, finish_reason: string) {
  return { index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason, logprobs: null };
}

function completion(content: string) {
  return { id: 'c', object: 'chat.completion', created: 0, model: 'gpt-4.1', choices: [choice({ content }, 'stop')] };
}
