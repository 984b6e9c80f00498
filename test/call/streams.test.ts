/** Streams: nothing is given before the first content, and nothing of another model after it. */

import { APIError } from 'openai';
import { describe, expect, test } from 'vitest';
import { CanaryClient, StreamInterruptedError, route } from '../../src/index.ts';
import { STREAM_BODY, drain, errorWithin, watch, within } from '../support/calls.ts';
import { OVERLOADED, RESET, ROLE, STOP, USAGE_STEP, delta, finish, say, textOf } from '../support/chat-steps.ts';
import { failed, type Reply } from '../support/replies.ts';
import { chatStream, events, type StreamStep } from '../support/stream-replies.ts';
import { setUp, setUpCanary, type SetUp, type SetUpOptions } from '../support/set-up.ts';

/** Without retries, and without what the SDK logs of events that are no JSON. */
const ONCE = { client: { maxRetries: 0, logLevel: 'off' } };
const open = ({ ai }: SetUp, options = {}) => ai.chat.completions.create(STREAM_BODY, options);

/** A canary that streams `steps`, in front of an `openai` that says "Hello.". */
function streaming(steps: readonly StreamStep[], { done = true, ...options }: SetUpOptions & { done?: boolean } = {}) {
  const set = setUpCanary({ ...ONCE, ...options });
  set.providers.script('gemini', events(steps, { done }));
  return set;
}

describe('a stream is given at its first content', () => {
  test.each([
    ['text', { content: 'Hi' }],
    ['a tool call', { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '' } }] }],
    ['a refusal', { refusal: 'No.' }],
    ['reasoning', { reasoning_content: 'Hm.' }],
    ['audio', { audio: { data: 'AAAA' } }],
  ])('%s, and not before', async (_name, content) => {
    const set = streaming([ROLE, { waitMs: 5_000 }, delta(content), { waitMs: 5_000 }, STOP]);
    const call = watch(open(set));
    await set.clock.advance(4_999);
    expect(call.now.state).toBe('pending');
    await set.clock.advance(1);
    expect(call.now.state).toBe('resolved');
  });

  test('what went before it comes first, once and in order', async () => {
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

  test('its time is that of the first chunk', async () => {
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
  ['an event that is no JSON', [{ event: '{"choices' }], 'malformed'],
  ['finish_reason "error"', [finish('error')], 'server'],
];

describe('before the first content a failure moves on unseen', () => {
  test.each(FAILURES)('%s', async (_name, steps, kind) => {
    const set = streaming([ROLE, ...steps]);
    const { chunks, error } = await drain(await open(set));
    expect([textOf(chunks), error]).toEqual(['Hello.', undefined]);
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
    // Role, text and finish of the one that served: nothing of the other.
    expect(chunks).toHaveLength(2);
    expect(set.events.of('attempt')).toMatchObject([
      { upstream: 'gemini', outcome: 'failure', kind, usage: undefined },
      { upstream: 'openai', outcome: 'success', reason: 'fallback' },
    ]);
    expect(set.events.of('call')).toMatchObject([{ upstream: 'openai', outcome: 'success', fallbacks: 1 }]);
  });

  test('the same upstream is asked again first, where that may help', async () => {
    const set = setUpCanary({ canary: { retry: { minDelay: 0, maxDelay: 0 } } });
    set.providers.script('gemini', events([ROLE, RESET]), events([ROLE], { done: true }));
    const { chunks } = await within(set.clock, 0, open(set).then(drain));
    expect(textOf(chunks)).toBe('Hello.');
    expect(set.providers.asked).toEqual(['gemini', 'gemini', 'openai']);
  });

  test('a failure that no other upstream betters rejects the call with the SDK’s error', async () => {
    const set = streaming([ROLE, OVERLOADED], { canary: { fallbacks: [] } });
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

describe('after the first content a failure is an interruption', () => {
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

  test('what happened is its cause, and a stream that just ends has none', async () => {
    const cut = await drain(await open(streaming([say('Hel'), RESET])));
    expect((cut.error as Error).cause).toMatchObject({ message: 'terminated' });
    const ended = await drain(await open(streaming([say('Hel')])));
    expect(ended.error).not.toHaveProperty('cause');
  });

  test('it names the attempts before it as well', async () => {
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

  test('it comes out of chat.completions.stream(), too', async () => {
    const { ai } = streaming([ROLE, say('Hel')], { done: false });
    const error: unknown = await ai.chat.completions
      .stream({ model: 'm', messages: [] })
      .finalMessage()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StreamInterruptedError);
  });
});

describe('a stream that is buffered', () => {
  const BUFFERED: SetUpOptions = { canary: { stream: 'buffered' } };

  test('is given when it is whole', async () => {
    const set = streaming([ROLE, say('Hel'), { waitMs: 5_000 }, say('lo'), STOP], BUFFERED);
    const call = watch(open(set));
    await set.clock.advance(4_999);
    expect(call.now.state).toBe('pending');
    await set.clock.advance(1);
    if (call.now.state !== 'resolved') throw new Error('Expected a stream');
    expect(textOf((await drain(call.now.value)).chunks)).toBe('Hello');
    expect(set.clock.pendingTimers).toBe(0);
  });

  test.each(FAILURES)('is answered by another upstream after %s', async (_name, steps) => {
    const set = streaming([ROLE, say('from gemini'), ...steps], BUFFERED);
    const { chunks, error } = await drain(await open(set));
    expect([textOf(chunks), error]).toEqual(['Hello.', undefined]);
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
  });

  test('and longer than maxBufferBytes is given from there on', async () => {
    const set = streaming([say('Hel'), say('lo '.repeat(200)), { waitMs: 5_000 }, RESET], {
      canary: { stream: { mode: 'buffered', maxBufferBytes: 500 } },
    });
    const stream = await within(set.clock, 0, open(set));
    const { chunks, error } = await within(set.clock, 5_000, drain(stream));
    expect(chunks).toHaveLength(2);
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(set.providers.asked).toEqual(['gemini']);
  });

  test('can be wanted for one call, or not for one call', async () => {
    const broken = [say('from gemini'), RESET];
    const buffered = await drain(await open(streaming(broken), route({ stream: 'buffered' })));
    expect(textOf(buffered.chunks)).toBe('Hello.');
    const committed = await drain(await open(streaming(broken, BUFFERED), route({ stream: 'committed' })));
    expect(committed.error).toBeInstanceOf(StreamInterruptedError);
  });
});

describe('a content filter', () => {
  const FILTERED = [ROLE, finish('content_filter')];

  test('is no fault of the upstream: the stream is delivered', async () => {
    const set = streaming(FILTERED, { canary: { breaker: { consecutive: 1 } } });
    const { chunks, error } = await drain(await open(set));
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([null, 'content_filter']);
    expect(error).toBeUndefined();
    expect(set.providers.asked).toEqual(['gemini']);
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'neutral', kind: 'contentFilter' }]);
    expect(set.events.of('breaker')).toEqual([]);
  });

  test('before the first content is for the upstreams that are named for it', async () => {
    const set = streaming(FILTERED, { canary: { fallbacks: { contentFilter: ['openai'] } } });
    expect(textOf((await drain(await open(set))).chunks)).toBe('Hello.');
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
  });

  test('after it is an ending as any other', async () => {
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

  test('are whole when all have finished', async () => {
    const set = streaming([say('a'), other({ content: 'b' }), STOP, other({}, { finish_reason: 'stop' })]);
    expect(await drain(await open(set))).toMatchObject({ chunks: { length: 4 }, error: undefined });
  });

  test('are cut short when one has not', async () => {
    const { error } = await drain(await open(streaming([say('a'), other({ content: 'b' }), STOP])));
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(error).toMatchObject({ partialText: 'a' });
  });
});

describe('the usage that we ask for', () => {
  const withNull = (step: StreamStep): StreamStep =>
    'event' in step ? { event: { ...(step.event as object), usage: null } } : step;
  const STEPS = [...[ROLE, say('Hi'), STOP].map(withNull), USAGE_STEP];

  test('is hidden, and counted', async () => {
    const set = streaming(STEPS);
    const { chunks } = await drain(await open(set));
    expect(chunks).toHaveLength(3);
    for (const chunk of chunks) expect(chunk).not.toHaveProperty('usage');
    expect(set.events.of('attempt')).toMatchObject([{ usage: { outputTokens: 5 }, usageEstimated: false }]);
  });

  test('stays where the caller asked as well', async () => {
    const set = streaming(STEPS);
    const body = { ...STREAM_BODY, stream_options: { include_usage: true } };
    const { chunks } = await drain(await set.ai.chat.completions.create(body));
    expect(chunks.map(({ usage }) => usage?.total_tokens ?? null)).toEqual([null, null, null, 15]);
  });
});

describe('what the SDK does with a stream', () => {
  test('tee() gives each side all of it', async () => {
    const [left, right] = (await open(streaming([ROLE, say('Hel'), say('lo'), STOP]))).tee();
    const ahead = await drain(left);
    expect(textOf(ahead.chunks)).toBe('Hello');
    expect((await drain(right)).chunks).toEqual(ahead.chunks);
  });

  test('tee() of a stream that breaks off tells both sides', async () => {
    const sides = (await open(streaming([say('Hel'), RESET]))).tee();
    const [left] = await Promise.all(sides.map((side) => drain(side)));
    expect(left!.error).toBeInstanceOf(StreamInterruptedError);
  });

  test('toReadableStream() passes on what was held back, and fails when the stream does', async () => {
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

  test.each(opens)('%s: a failure before the first content moves on', async (_name, act, _content, served) => {
    const set = streaming([RESET]);
    set.providers.script('openai', served);
    expect((await drain(await act(set))).error).toBeUndefined();
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
  });

  test.each(opens)('%s: a failure after it is an interruption', async (_name, act, content) => {
    const set = streaming([content]);
    const { error } = await drain(await act(set));
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(error).toMatchObject({ partialText: 'Hel' });
  });

  test('response.failed before the first content moves on, and after it is an interruption', async () => {
    const response = { id: 'r', error: { code: 'server_error', message: 'No.' } };
    const FAILED = { event: { type: 'response.failed', response } };
    const [, [, act, content, served]] = opens as [unknown, (typeof opens)[number]];
    const moved = streaming([{ event: { type: 'response.created', response: { id: 'r' } } }, FAILED]);
    moved.providers.script('openai', served);
    expect((await drain(await act(moved))).error).toBeUndefined();
    const { error } = await drain(await act(streaming([content, FAILED])));
    expect(error).toMatchObject({ code: 'STREAM_INTERRUPTED', cause: { message: 'No.', code: 'server_error' } });
  });

  test('a response that is taken up again is the account’s, and given as it comes', async () => {
    const set = setUp({ upstreams: { gemini: {} } });
    const created = { event: { type: 'response.created', response: { id: 'resp_1' } } };
    set.providers.script('gemini', events([created, { waitMs: 60_000 }]));
    const options = route({ upstream: 'gemini' });
    const stream = await within(set.clock, 0, set.ai.responses.retrieve('resp_1', { stream: true }, options));
    const first = stream[Symbol.asyncIterator]().next();
    expect((await within(set.clock, 0, first)).value).toMatchObject({ type: 'response.created' });
  });
});

test('without a canary option nothing is held back and nothing of a stream is judged', async () => {
  const { providers, clock } = setUp();
  providers.script('openai', events([ROLE, say('Hel')], { done: false }));
  const ai = new CanaryClient({ apiKey: 'k', baseURL: 'https://openai.test/v1', fetch: providers.fetch });
  const { chunks, error } = await within(clock, 0, ai.chat.completions.create(STREAM_BODY).then(drain));
  expect([chunks.length, error]).toEqual([2, undefined]);
});

test('a whole stream leaves no timer on the clock', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { timeouts: { deadline: '5m' } } });
  providers.script('gemini', chatStream(['a', 'b'], { everyMs: 100 }));
  await within(clock, 1_000, ai.chat.completions.create(STREAM_BODY).then(drain));
  expect(clock.pendingTimers).toBe(0);
});
