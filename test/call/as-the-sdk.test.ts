/** Where no other upstream can serve a call, it is retried as the SDK retries it, whatever the body of an error says. */

import { OpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import type { CanaryOptions } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { ask, drain, errorWithin, STREAM_BODY, watch, within } from '../support/calls.ts';
import { after, chat, failed, json, type Reply } from '../support/replies.ts';
import { ScriptedProviders } from '../support/scripted-providers.ts';
import { setUp, setUpCanary, type SetUp } from '../support/set-up.ts';

/** The SDK waits on the real clock. */
const SOON = { 'retry-after-ms': '1' };

const BODIES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['no code', {}],
  ['a quota', { code: 'insufficient_quota' }],
  ['an unknown model', { message: 'No available channel for model gpt-4.1' }],
  ['a content filter', { code: 'content_filter' }],
  ['a context length', { code: 'context_length_exceeded' }],
  ['a key', { message: 'Incorrect API key provided' }],
];
const STATUSES = [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529];

describe.each(STATUSES)('a %d', (status) => {
  test.each(BODIES)('that speaks of %s is retried as by the SDK', async (_name, error) => {
    const reply = failed(status, error, SOON);
    const providers = new ScriptedProviders(new ManualClock()).usually('openai', reply);
    const bare = new OpenAI({
      apiKey: 'k',
      baseURL: 'https://openai.test/v1',
      fetch: providers.fetch,
      logLevel: 'off',
    });
    const thrown: unknown = await ask(bare).catch((caught: unknown) => caught);
    const set = setUp();
    set.providers.usually('openai', reply);
    expect(await errorWithin(set.clock, 60_000, ask(set.ai))).toMatchObject({ status, ...pick(thrown) });
    expect(set.providers.asked).toHaveLength(providers.asked.length);
  });
});

function pick(thrown: unknown): object {
  const { message, code } = thrown as { readonly message: string; readonly code: unknown };
  return { message, code };
}

describe('what stable sends in place of an answer', () => {
  const PAGE = '<html>Sorry</html>';
  const page: Reply = () => new Response(PAGE, { headers: { 'content-type': 'text/html' } });

  test('is given, as by the SDK, rather than the error of a retry', async () => {
    const set = setUp({ client: { maxRetries: 1 } });
    set.providers.script('openai', page, failed(401));
    expect({ answer: await within(set.clock, 60_000, ask(set.ai)) }).toEqual({ answer: PAGE });
    expect(set.providers.asked).toEqual(['openai', 'openai']);
    expect(set.events.of('call')).toMatchObject([{ outcome: 'failure', kind: 'malformed' }]);
  });

  test('is given rather than the error of a fallback', async () => {
    const set = setUpCanary({ canary: { weights: { openai: 1 }, fallbacks: ['gemini'] }, client: { maxRetries: 0 } });
    set.providers.script('openai', json({ choices: [] })).script('gemini', failed(503));
    expect(await within(set.clock, 0, ask(set.ai))).toMatchObject({ choices: [] });
    expect(set.providers.asked).toEqual(['openai', 'gemini']);
  });

  test('is not given where another upstream answers', async () => {
    const set = setUpCanary({ canary: { weights: { openai: 1 }, fallbacks: ['gemini'] }, client: { maxRetries: 0 } });
    set.providers.script('openai', page).script('gemini', chat('An answer.'));
    expect((await within(set.clock, 0, ask(set.ai))).choices[0]?.message.content).toBe('An answer.');
  });
});

describe('a spare that cannot serve', () => {
  const world = (canary: CanaryOptions = {}, client = {}): SetUp =>
    setUp({ upstreams: { spare: {} }, canary: { fallbacks: ['spare'], random: () => 0, ...canary }, client });

  test.each([
    ['its key is refused', failed(401)],
    ['it does not know the model', failed(404, { code: 'model_not_found' })],
    ['it refuses the request', failed(400)],
  ])('does not take the retries that the SDK would make: %s', async (_name, reply) => {
    const set = world();
    set.providers.script('openai', failed(503), failed(503), chat('At last.')).usually('spare', reply);
    expect((await within(set.clock, 10_000, ask(set.ai))).choices[0]?.message.content).toBe('At last.');
    expect(set.providers.asked).toEqual(['openai', 'openai', 'spare', 'openai']);
    const [first, second, , last] = set.providers.sent.map(({ atMs }) => atMs);
    expect([(second ?? 0) - (first ?? 0), (last ?? 0) - (second ?? 0)]).toEqual([500, 1_000]);
    expect(set.events.of('fallback')).toMatchObject([
      { from: 'openai', to: 'spare' },
      { from: 'spare', to: 'openai' },
    ]);
    expect(set.events.of('call')).toMatchObject([{ outcome: 'success', upstream: 'openai', attempts: 4 }]);
  });

  test('stable is asked as often as by the SDK, and its error is the last', async () => {
    const set = world({}, { maxRetries: 3 });
    set.providers.usually('openai', failed(503)).usually('spare', failed(401));
    expect(await errorWithin(set.clock, 30_000, ask(set.ai))).toMatchObject({ status: 503 });
    expect(set.providers.asked).toEqual(['openai', 'openai', 'spare', 'openai', 'openai']);
  });

  test('a Retry-After of stable is waited for, from when it was sent', async () => {
    const set = world();
    set.providers.script('openai', failed(429, {}, { 'retry-after': '5' })).script('spare', after(2_000, failed(401)));
    const call = watch(ask(set.ai));
    await set.clock.advance(4_999);
    expect(set.providers.asked).toEqual(['openai', 'spare']);
    await set.clock.advance(1);
    expect(call.now.state).toBe('resolved');
    expect(set.providers.asked).toEqual(['openai', 'spare', 'openai']);
  });

  test.each([
    [1, ['openai', 'openai', 'spare']],
    [3, ['openai', 'openai', 'spare', 'openai', 'openai']],
  ])(
    'stable is not asked more often than maxRetries: %d says, however many attempts are left',
    async (maxRetries, asked) => {
      const set = world({ retry: { attempts: 9 } }, { maxRetries });
      set.providers.usually('openai', failed(503)).usually('spare', failed(401));
      await errorWithin(set.clock, 60_000, ask(set.ai));
      expect(set.providers.asked).toEqual(asked);
    },
  );

  test.each<[string, Reply, CanaryOptions]>([
    ['after a refusal of stable', failed(404, { code: 'model_not_found' }), {}],
    ['after a Retry-After above maxRetryAfter', failed(429, {}, { 'retry-after': '61' }), {}],
    ['where no attempt is left', failed(429), { retry: { attempts: 1 } }],
    ['after the deadline', failed(429, {}, { 'retry-after': '5' }), { timeouts: { deadline: '4s' } }],
  ])('stable is not asked again %s', async (_name, reply, canary) => {
    const set = world(canary);
    set.providers.usually('openai', reply).usually('spare', failed(401));
    await errorWithin(set.clock, 60_000, ask(set.ai));
    expect(set.providers.asked).toEqual(['openai', 'spare']);
  });

  test('a caller that aborts while stable is waited for gets its abort', async () => {
    const set = world();
    set.providers.script('openai', failed(429, {}, { 'retry-after': '5' })).script('spare', failed(401));
    const abort = new AbortController();
    const call = watch(ask(set.ai, { signal: abort.signal }));
    await set.clock.advance(1_000);
    abort.abort();
    await set.clock.advance(10_000);
    expect(call.now).toMatchObject({ state: 'rejected', error: { message: 'Request was aborted.' } });
    expect(set.providers.asked).toEqual(['openai', 'spare']);
    expect(set.events.of('call')).toMatchObject([{ outcome: 'aborted' }]);
  });

  test('a stream is rescued in the same way', async () => {
    const set = world();
    set.providers.script('openai', failed(503), failed(503)).usually('spare', failed(401));
    const stream = await within(set.clock, 10_000, set.ai.chat.completions.create(STREAM_BODY));
    const { chunks } = await drain(stream);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Hello.');
    expect(set.providers.asked).toEqual(['openai', 'openai', 'spare', 'openai']);
  });
});
