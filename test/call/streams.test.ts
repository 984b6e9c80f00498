/** Streams reach the caller at their first content. After it, no chunk of another model follows. */

import { APIError } from 'openai';
import { describe, expect, test } from 'vitest';
import { CanaryClient, StreamInterruptedError, route } from '../../src/index.ts';
import { STREAM_BODY, drain, errorWithin, watch, within } from '../support/calls.ts';
import { OVERLOADED, RESET, ROLE, STOP, USAGE_STEP, delta, finish, say, textOf } from '../support/chat-steps.ts';
import { failed, type Reply } from '../support/replies.ts';
import { chatStream, events, type StreamStep } from '../support/stream-replies.ts';
import { setUp, setUpCanary, type SetUp, type SetUpOptions } from '../support/set-up.ts';

/** Without retries, and without the SDK's log lines for events that are not JSON. */
const ONCE = { client: { maxRetries: 0, logLevel: 'off' } };
const open = ({ ai }: SetUp, options = {}) => ai.chat.completions.create(STREAM_BODY, options);

/** A canary that streams `steps`; the fallback `openai` answers "Hello.". */
function streaming(steps: readonly StreamStep[], { done = false, ...options }: SetUpOptions & { done?: boolean } = {}) {
  const set = setUpCanary({ ...ONCE, ...options });
  set.providers.script('gemini', events(steps, { done }));
  return set;
}

describe('a stream reaches the caller at its first content:', () => {
  test.each([
    ['text', { content: 'Hi' }],
    ['a tool call', { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '' } }] }],
    ['a refusal', { refusal: 'No.' }],
    ['reasoning', { reasoning_content: 'Hm.' }],
    ['audio', { audio: { data: 'AAAA' } }],
    ['an image', { images: [{ type: 'image_url', image_url: { url: 'data:,' } }] }],
  ])('%s, and not before', async (_name, content) => {
    const set = streaming([ROLE, { waitMs: 5_000 }, delta(content), { waitMs: 5_000 }, STOP]);
    const call = watch(open(set));
    await set.clock.advance(4_999);
    expect(call.now.state).toBe('pending');
    await set.clock.advance(1);
    expect(call.now.state).toBe('resolved');
  });

  test('with the chunks before it, once and in order', async () => {
    const filters = { event: { choices: [], prompt_filter_results: [] } };
    const set = streaming([filters, ROLE, delta({}), say('Hel'), say('lo'), STOP]);
    const { chunks } = await drain(await open(set));
    const seen = chunks.map(({ choices }) => choices[0]?.delta);
    expect(seen).toEqual([
      undefined,
      { role: 'assistant', content: '' },
      {},
      { content: 'Hel' },
      { content: 'lo' },
      {},
    ]);
  });

  test('whose time is the time of the first chunk', async () => {
    const set = streaming([ROLE, { waitMs: 700 }, say('Hi'), { waitMs: 300 }, STOP]);
    const reading = open(set).then(drain);
    await within(set.clock, 1_000, reading);
    expect(set.events.of('attempt')).toMatchObject([{ firstChunkMs: 700, latencyMs: 1_000 }]);
  });
});

const FAILURES: readonly (readonly [string, readonly StreamStep[], string])[] = [
  ['an error of the provider', [OVERLOADED], 'server'],
  ['a rate limit', [{ event: { error: { code: 'rate_limit_exceeded', message: 'Slow down.' } } }], 'rateLimit'],
  ['a connection that breaks', [RESET], 'connection'],
  ['an end without finish_reason', [], 'truncated'],
  ['an event that is not JSON', [{ event: '{"choices' }], 'malformed'],
  ['finish_reason "error"', [finish('error')], 'server'],
];

describe('falls back silently before the first content, after', () => {
  test.each(FAILURES)('%s', async (_name, steps, kind) => {
    const set = streaming([ROLE, ...steps]);
    const { chunks, error } = await drain(await open(set));
    expect([textOf(chunks), error]).toEqual(['Hello.', undefined]);
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
    // Role, text and finish of the fallback, and no chunk of the canary.
    expect(chunks).toHaveLength(2);
    expect(set.events.of('attempt')).toMatchObject([
      { upstream: 'gemini', outcome: 'failure', kind, usage: undefined },
      { upstream: 'openai', outcome: 'success', reason: 'fallback' },
    ]);
    expect(set.events.of('call')).toMatchObject([{ upstream: 'openai', outcome: 'success', fallbacks: 1 }]);
  });

  test('a retry, if a retry can help', async () => {
    const set = setUpCanary({ canary: { retry: { minDelay: 0, maxDelay: 0 } } });
    set.providers.script('gemini', events([ROLE, RESET]), events([ROLE], { done: false }));
    const { chunks } = await within(set.clock, 0, open(set).then(drain));
    expect(textOf(chunks)).toBe('Hello.');
    expect(set.providers.asked).toEqual(['gemini', 'gemini', 'openai']);
  });

  test('a response without a body', async () => {
    const set = setUpCanary({ client: { maxRetries: 0 } });
    set.providers.usually('gemini', () => new Response(null, { status: 204 }));
    const { chunks, error } = await within(set.clock, 0, open(set).then(drain));
    expect([textOf(chunks), error]).toEqual(['Hello.', undefined]);
    expect(set.events.of('attempt')).toMatchObject([
      { upstream: 'gemini', outcome: 'failure', kind: 'malformed' },
      { upstream: 'openai', outcome: 'success' },
    ]);
  });

  test('or rejects with the SDK’s error without another upstream', async () => {
    const set = streaming([OVERLOADED], { canary: { fallbacks: [] } });
    const error = await errorWithin(set.clock, 0, open(set));
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ message: 'Overloaded.' });
  });

  test('the breaker counts it', async () => {
    const set = streaming([ROLE, RESET], { canary: { breaker: { consecutive: 1 } } });
    await drain(await open(set));
    expect(set.events.of('breaker')).toMatchObject([{ upstream: 'gemini', to: 'open' }]);
  });
});

describe('interrupts the stream after the first content, after', () => {
  test.each(FAILURES)('%s', async (_name, steps, kind) => {
    const set = streaming([ROLE, say('Hel'), say('lo'), ...steps]);
    const { chunks, error } = await drain(await open(set));
    expect(textOf(chunks)).toBe('Hello');
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(error).toMatchObject({
      code: 'STREAM_INTERRUPTED',
      upstream: 'gemini',
      partialText: 'Hello',
      usage: { outputTokens: 1 },
      usageEstimated: true,
      attempts: [{ upstream: 'gemini', kind, delivery: 'partial', cost: { source: 'estimated' } }],
    });
    expect(set.providers.asked).toEqual(['gemini']);
    expect(set.events.of('call')).toMatchObject([{ upstream: 'gemini', kind, attempts: 1, fallbacks: 0 }]);
  });

  test('with the failure as cause, and without a cause for a stream that just ends', async () => {
    const cut = await drain(await open(streaming([say('Hel'), RESET])));
    expect((cut.error as Error).cause).toMatchObject({ message: 'terminated' });
    const ended = await drain(await open(streaming([say('Hel')])));
    expect(ended.error).not.toHaveProperty('cause');
  });

  test('with the earlier attempts', async () => {
    const set = setUpCanary(ONCE);
    set.providers.script('gemini', failed(503)).script('openai', events([say('Hel'), RESET]));
    const { error } = await drain(await open(set));
    expect((error as StreamInterruptedError).attempts).toMatchObject([
      { upstream: 'gemini', kind: 'server', status: 503, delivery: 'rejected' },
      { upstream: 'openai', kind: 'connection', delivery: 'partial' },
    ]);
  });

  test('the breaker counts it', async () => {
    const set = streaming([say('Hel'), RESET], { canary: { breaker: { consecutive: 1 } } });
    await drain(await open(set));
    expect(set.events.of('breaker')).toMatchObject([{ upstream: 'gemini', to: 'open' }]);
  });

  test('also in chat.completions.stream()', async () => {
    const { ai } = streaming([ROLE, say('Hel')], { done: false });
    const error: unknown = await ai.chat.completions
      .stream({ model: 'm', messages: [] })
      .finalMessage()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StreamInterruptedError);
  });
});

describe('a buffered stream', () => {
  const BUFFERED: SetUpOptions = { canary: { stream: 'buffered' } };

  test('reaches the caller when it is complete', async () => {
    const set = streaming([ROLE, say('Hel'), { waitMs: 5_000 }, say('lo'), STOP], BUFFERED);
    const call = watch(open(set));
    await set.clock.advance(4_999);
    expect(call.now.state).toBe('pending');
    await set.clock.advance(1);
    if (call.now.state !== 'resolved') throw new Error('Expected a stream');
    expect(textOf((await drain(call.now.value)).chunks)).toBe('Hello');
    expect(set.clock.pendingTimers).toBe(0);
  });

  test.each(FAILURES)('falls back after %s', async (_name, steps) => {
    const set = streaming([ROLE, say('from gemini'), ...steps], BUFFERED);
    const { chunks, error } = await drain(await open(set));
    expect([textOf(chunks), error]).toEqual(['Hello.', undefined]);
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
  });

  test('reaches the caller from maxBufferBytes on', async () => {
    const set = streaming([say('Hel'), say('lo '.repeat(200)), { waitMs: 5_000 }, RESET], {
      canary: { stream: { mode: 'buffered', maxBufferBytes: 500 } },
    });
    const stream = await within(set.clock, 0, open(set));
    const { chunks, error } = await within(set.clock, 5_000, drain(stream));
    expect(chunks).toHaveLength(2);
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(set.providers.asked).toEqual(['gemini']);
  });

  test('can be chosen for a single call', async () => {
    const broken = [say('from gemini'), RESET];
    const buffered = await drain(await open(streaming(broken), route({ stream: 'buffered' })));
    expect(textOf(buffered.chunks)).toBe('Hello.');
    const committed = await drain(await open(streaming(broken, BUFFERED), route({ stream: 'committed' })));
    expect(committed.error).toBeInstanceOf(StreamInterruptedError);
  });
});

describe('a content filter', () => {
  const FILTERED = [ROLE, finish('content_filter')];

  test('is not a failure of the upstream: the stream is delivered', async () => {
    const set = streaming(FILTERED, { canary: { breaker: { consecutive: 1 } } });
    const { chunks, error } = await drain(await open(set));
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([null, 'content_filter']);
    expect(error).toBeUndefined();
    expect(set.providers.asked).toEqual(['gemini']);
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'neutral', kind: 'contentFilter' }]);
    expect(set.events.of('breaker')).toEqual([]);
  });

  test('falls back before the first content to the upstreams that are listed for it', async () => {
    const set = streaming(FILTERED, { canary: { fallbacks: { contentFilter: ['openai'] } } });
    expect(textOf((await drain(await open(set))).chunks)).toBe('Hello.');
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
  });

  test('ends the stream normally after the first content', async () => {
    const set = streaming([say('Hel'), finish('content_filter')], {
      canary: { fallbacks: { contentFilter: ['openai'] } },
    });
    const { chunks, error } = await drain(await open(set));
    expect([chunks.length, error]).toEqual([2, undefined]);
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'neutral', kind: 'contentFilter' }]);
  });
});

describe('several choices', () => {
  const other = (content: object, choice = {}) => delta(content, { index: 1, ...choice });

  test('are complete when all have finished', async () => {
    const set = streaming([say('a'), other({ content: 'b' }), STOP, other({}, { finish_reason: 'stop' })]);
    expect(await drain(await open(set))).toMatchObject({ chunks: { length: 4 }, error: undefined });
  });

  test('are truncated if one has not finished', async () => {
    const { error } = await drain(await open(streaming([say('a'), other({ content: 'b' }), STOP])));
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(error).toMatchObject({ partialText: 'a' });
  });
});

describe('the usage that we request', () => {
  const withNull = (step: StreamStep): StreamStep =>
    'event' in step ? { event: { ...(step.event as object), usage: null } } : step;
  const STEPS = [...[ROLE, say('Hi'), STOP].map(withNull), USAGE_STEP];

  test('is hidden from the caller and counted', async () => {
    const set = streaming(STEPS);
    const { chunks } = await drain(await open(set));
    expect(chunks).toHaveLength(3);
    for (const chunk of chunks) expect(chunk).not.toHaveProperty('usage');
    expect(set.events.of('attempt')).toMatchObject([{ usage: { outputTokens: 5 }, usageEstimated: false }]);
  });

  test('is visible if the caller requested it as well', async () => {
    const set = streaming(STEPS);
    const body = { ...STREAM_BODY, stream_options: { include_usage: true } };
    const { chunks } = await drain(await set.ai.chat.completions.create(body));
    expect(chunks.map(({ usage }) => usage?.total_tokens ?? null)).toEqual([null, null, null, 15]);
  });
});

describe('the SDK’s methods of a stream', () => {
  test('tee() gives all chunks to both sides', async () => {
    const [left, right] = (await open(streaming([ROLE, say('Hel'), say('lo'), STOP]))).tee();
    const ahead = await drain(left);
    expect(textOf(ahead.chunks)).toBe('Hello');
    expect((await drain(right)).chunks).toEqual(ahead.chunks);
  });

  test('tee() of a stream that breaks off fails on both sides', async () => {
    const sides = (await open(streaming([say('Hel'), RESET]))).tee();
    const [left] = await Promise.all(sides.map((side) => drain(side)));
    expect(left!.error).toBeInstanceOf(StreamInterruptedError);
  });

  test('toReadableStream() passes on held-back chunks and fails with the stream', async () => {
    const whole = (await open(streaming([ROLE, say('Hi'), STOP]))).toReadableStream();
    const lines = (await new Response(whole).text()).trim().split('\n');
    expect(lines).toHaveLength(3);
    const cut = (await open(streaming([say('Hi')]))).toReadableStream();
    await expect(new Response(cut).text()).rejects.toBeInstanceOf(StreamInterruptedError);
  });
});

describe('the other surfaces', () => {
  const opens: readonly (readonly [string, (set: SetUp) => Promise<AsyncIterable<object>>, StreamStep, Reply])[] = [
    [
      'legacy completions',
      ({ ai }) => ai.completions.create({ model: 'm', prompt: 'x', stream: true }),
      { event: { choices: [{ index: 0, text: 'Hel', finish_reason: null }] } },
      events([{ event: { choices: [{ index: 0, text: 'Hello.', finish_reason: 'stop' }] } }]),
    ],
    [
      'responses',
      ({ ai }) => ai.responses.create({ model: 'm', input: 'x', stream: true }),
      { event: { type: 'response.output_text.delta', delta: 'Hel' } },
      events([
        { event: { type: 'response.output_text.delta', delta: 'Hello.' } },
        { event: { type: 'response.completed', response: { id: 'r', output: [] } } },
      ]),
    ],
  ];

  test.each(opens)('%s: falls back after a failure before the first content', async (_name, act, _content, served) => {
    const set = streaming([RESET]);
    set.providers.script('openai', served);
    expect((await drain(await act(set))).error).toBeUndefined();
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
  });

  test.each(opens)('%s: interrupts the stream after a failure after the first content', async (_name, act, content) => {
    const set = streaming([content]);
    const { error } = await drain(await act(set));
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(error).toMatchObject({ partialText: 'Hel' });
  });

  test('response.failed falls back before the first content and interrupts the stream after it', async () => {
    const response = { id: 'r', error: { code: 'server_error', message: 'No.' } };
    const FAILED = { event: { type: 'response.failed', response } };
    const [, [, act, content, served]] = opens as [unknown, (typeof opens)[number]];
    const moved = streaming([{ event: { type: 'response.created', response: { id: 'r' } } }, FAILED]);
    moved.providers.script('openai', served);
    expect((await drain(await act(moved))).error).toBeUndefined();
    const { error } = await drain(await act(streaming([content, FAILED])));
    expect(error).toMatchObject({ code: 'STREAM_INTERRUPTED', cause: { message: 'No.', code: 'server_error' } });
  });

  test('passes on a resumed response unchanged, since it belongs to the account', async () => {
    const set = setUp({ upstreams: { gemini: {} } });
    const created = { event: { type: 'response.created', response: { id: 'resp_1' } } };
    set.providers.script('gemini', events([created, { waitMs: 60_000 }]));
    const options = route({ upstream: 'gemini' });
    const stream = await within(set.clock, 0, set.ai.responses.retrieve('resp_1', { stream: true }, options));
    const first = stream[Symbol.asyncIterator]().next();
    expect((await within(set.clock, 0, first)).value).toMatchObject({ type: 'response.created' });
  });
});

test('neither holds back nor checks a stream without the canary option', async () => {
  const { providers, clock } = setUp();
  providers.script('openai', events([ROLE, say('Hel')], { done: false }));
  const ai = new CanaryClient({ apiKey: 'k', baseURL: 'https://openai.test/v1', fetch: providers.fetch });
  const { chunks, error } = await within(clock, 0, ai.chat.completions.create(STREAM_BODY).then(drain));
  expect([chunks.length, error]).toEqual([2, undefined]);
});

test('leaves no timer after a complete stream', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { timeouts: { deadline: '5m' } } });
  providers.script('gemini', chatStream(['a', 'b'], { everyMs: 100 }));
  await within(clock, 1_000, ai.chat.completions.create(STREAM_BODY).then(drain));
  expect(clock.pendingTimers).toBe(0);
});
