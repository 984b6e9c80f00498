/** The records, events and numbers of attempts and calls. */

import { expect, test } from 'vitest';
import { CanaryClient, route, type AttemptRecord } from '../../src/index.ts';
import { ManualClock, collectEvents } from '../../src/testing/index.ts';
import { BODY, STREAM_BODY, ask, drain, errorWithin, within } from '../support/calls.ts';
import { after, chat, failed, json } from '../support/replies.ts';
import { ScriptedProviders } from '../support/scripted-providers.ts';
import { PRICE, setUp, setUpCanary } from '../support/set-up.ts';
import { chatStream, chunk, events as sse } from '../support/stream-replies.ts';

const START_MS = Date.UTC(2026, 0, 1);
const USAGE = { inputTokens: 10, outputTokens: 5, cachedInputTokens: 0, reasoningTokens: 0 };
/** 10 tokens at 2 and 5 at 8 USD per million. */
const COST_USD = 0.00006;

test('emits complete records of an attempt and its call', async () => {
  const { ai, clock, providers, events } = setUp();
  providers.script('openai', after(120, chat()));
  await within(clock, 120, ask(ai, route({ task: 'greet' })));
  expect(events.of('attempt')).toEqual([
    {
      callId: 1,
      upstream: 'openai',
      index: 0,
      reason: 'first',
      surface: 'chat',
      stream: false,
      model: 'gpt-4.1',
      requestedModel: 'gpt-4.1',
      task: 'greet',
      startedAtMs: START_MS,
      outcome: 'success',
      kind: undefined,
      phase: undefined,
      delivery: 'dispatched',
      status: undefined,
      latencyMs: 120,
      firstChunkMs: undefined,
      usage: USAGE,
      usageEstimated: false,
      brokenToolArguments: false,
      cost: { costUsd: COST_USD, source: 'override' },
      stableCostUsd: COST_USD,
    },
  ] satisfies AttemptRecord[]);
  expect(events.of('call')).toEqual([
    {
      callId: 1,
      surface: 'chat',
      stream: false,
      model: 'gpt-4.1',
      task: 'greet',
      startedAtMs: START_MS,
      assigned: 'openai',
      upstream: 'openai',
      outcome: 'success',
      kind: undefined,
      attempts: 1,
      retries: 0,
      fallbacks: 0,
      latencyMs: 120,
      firstChunkMs: undefined,
      costUsd: COST_USD,
    },
  ]);
});

test('emits a record for each attempt of a retry and a fallback, and one for the call', async () => {
  const { ai, clock, providers, events } = setUpCanary({
    upstreams: { gemini: { model: 'gemini-2.5-flash' } },
    canary: { random: () => 0.4 },
  });
  providers.script('gemini', after(10, failed(503)), after(20, failed(500)));
  providers.script('openai', after(30, chat()));
  await within(clock, 1_000, ask(ai));
  expect(events.of('attempt')).toMatchObject([
    { index: 0, reason: 'first', upstream: 'gemini', outcome: 'failure', kind: 'server', status: 503, latencyMs: 10 },
    { index: 1, reason: 'retry', upstream: 'gemini', outcome: 'failure', kind: 'server', status: 500, latencyMs: 20 },
    { index: 2, reason: 'fallback', upstream: 'openai', outcome: 'success', latencyMs: 30, model: 'gpt-4.1' },
  ]);
  expect(events.of('attempt')[0]!.model).toBe('gemini-2.5-flash');
  // 10, a back-off of 500 less a tenth, 20, 30.
  expect(events.of('call')).toMatchObject([
    {
      assigned: 'gemini',
      upstream: 'openai',
      attempts: 3,
      retries: 1,
      fallbacks: 1,
      latencyMs: 510,
      costUsd: COST_USD,
    },
  ]);
  expect(events.all.map(({ name }) => name)).toEqual(['attempt', 'retry', 'attempt', 'fallback', 'attempt', 'call']);
});

test('meters a stream to its end: first content, usage from the hidden chunk, cost', async () => {
  const { ai, clock, providers, events } = setUp();
  providers.script('openai', after(50, chatStream(['Hel', 'lo.'], { everyMs: 100 })));
  const promise = ai.chat.completions.create(STREAM_BODY).then(drain);
  await clock.advance(1_000);
  const { chunks } = await promise;
  expect(providers.sent[0]!.body.stream_options).toEqual({ include_usage: true });
  expect(chunks.map(({ choices }) => choices.length)).toEqual([1, 1, 1]);
  const expected = { outcome: 'success', stream: true, firstChunkMs: 150, latencyMs: 350 };
  expect(events.of('attempt')).toMatchObject([{ ...expected, usage: USAGE, cost: { costUsd: COST_USD } }]);
  expect(events.of('call')).toMatchObject([{ ...expected, costUsd: COST_USD }]);
});

test('measures the first content of a call from its start, including failed attempts', async () => {
  const { ai, clock, providers, events } = setUpCanary({ client: { maxRetries: 0 } });
  providers.script('gemini', after(200, failed(503)));
  providers.script('openai', chatStream(['Hi'], { everyMs: 100 }));
  const promise = ai.chat.completions.create(STREAM_BODY).then(drain);
  await clock.advance(1_000);
  await promise;
  expect(events.of('attempt')[1]).toMatchObject({ firstChunkMs: 100, latencyMs: 200 });
  expect(events.of('call')[0]).toMatchObject({ firstChunkMs: 300, latencyMs: 400 });
});

test('passes the usage chunk to a caller that requested it', async () => {
  const { ai, providers, events } = setUp();
  providers.script('openai', chatStream(['Hi']));
  const stream = await ai.chat.completions.create({ ...STREAM_BODY, stream_options: { include_usage: true } });
  const { chunks } = await drain(stream);
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 15 } });
  expect(events.of('attempt')).toMatchObject([{ usage: USAGE }]);
});

test('does not count a role and an empty delta as content', async () => {
  const { ai, clock, providers, events } = setUp();
  providers.script('openai', (request) =>
    sse([
      { event: chunk(request, { delta: { role: 'assistant', content: '' } }) },
      { waitMs: 500 },
      { event: chunk(request, { delta: { content: 'Hi' } }) },
      { event: chunk(request, { delta: {}, finish_reason: 'stop' }) },
    ])(request),
  );
  const promise = ai.chat.completions.create(STREAM_BODY).then(drain);
  await clock.advance(1_000);
  await promise;
  expect(events.of('attempt')).toMatchObject([{ firstChunkMs: 500 }]);
});

test('a stream that ends before finish_reason is a failure: truncated', async () => {
  const { ai, providers, events } = setUp();
  providers.script('openai', chatStream(['Hel'], { finish: false }));
  await ai.chat.completions.create(STREAM_BODY).then(drain);
  expect(events.of('attempt')).toMatchObject([{ outcome: 'failure', kind: 'truncated', delivery: 'partial' }]);
  expect(events.of('attempt')).toMatchObject([{ usage: { outputTokens: 1 }, usageEstimated: true }]);
  expect(events.of('call')).toMatchObject([{ outcome: 'failure', kind: 'truncated' }]);
  expect(ai.canary.snapshot().upstreams['openai']).toMatchObject({ failures: 1, failuresByKind: { truncated: 1 } });
});

test('a connection that breaks during a stream is a failure', async () => {
  const { ai, providers, events } = setUp();
  const breakWith = new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } });
  providers.script('openai', (request) =>
    sse([{ event: chunk(request, { delta: { content: 'Hel' } }) }, { breakWith }])(request),
  );
  const { chunks, error } = await ai.chat.completions.create(STREAM_BODY).then(drain);
  expect(chunks).toHaveLength(1);
  expect(error).toBeInstanceOf(Error);
  expect(events.of('attempt')).toMatchObject([{ outcome: 'failure', kind: 'connection' }]);
});

test('an error event of a stream is a failure of its own kind', async () => {
  const { ai, providers, events } = setUp({ canary: { retry: { attempts: 0 } } });
  providers.script('openai', sse([{ event: { error: { type: 'overloaded_error', message: 'Overloaded.' } } }]));
  await expect(ai.chat.completions.create(STREAM_BODY)).rejects.toThrow('Overloaded.');
  expect(events.of('attempt')).toMatchObject([{ outcome: 'failure', kind: 'server' }]);
});

test('a stream that its caller leaves is aborted, with estimated usage', async () => {
  const { ai, providers, events } = setUp();
  providers.script('openai', chatStream(['a', 'b', 'c']));
  for await (const part of await ai.chat.completions.create(STREAM_BODY)) {
    void part;
    break;
  }
  expect(events.of('attempt')).toMatchObject([{ outcome: 'aborted', kind: undefined, usageEstimated: true }]);
  expect(events.of('attempt')).toMatchObject([{ usage: { outputTokens: 1 }, cost: { source: 'estimated' } }]);
  expect(events.of('call')).toMatchObject([{ outcome: 'aborted' }]);
});

test('leaves a raw response to the caller and meters a copy', async () => {
  const { ai, clock, events } = setUp();
  const raw = await ai.chat.completions.create(BODY).asResponse();
  expect(raw.bodyUsed).toBe(false);
  expect(await raw.json()).toMatchObject({ usage: { total_tokens: 15 } });
  await clock.advance(0);
  expect(events.of('attempt')).toMatchObject([{ outcome: 'success', usage: USAGE, cost: { costUsd: COST_USD } }]);
});

test('meters a raw stream and removes the hidden chunk', async () => {
  const { ai, providers, events } = setUp();
  providers.script('openai', chatStream(['Hi']));
  const raw = await ai.chat.completions.create(STREAM_BODY).asResponse();
  const text = await raw.text();
  expect(text).not.toContain('"usage"');
  expect(text).toContain('data: [DONE]');
  expect(events.of('attempt')).toMatchObject([{ outcome: 'success', usage: USAGE }]);
});

test('meters a call with withResponse() once', async () => {
  const { ai, events } = setUp();
  const { data, response } = await ai.chat.completions.create(BODY).withResponse();
  expect([data.choices.length, response.status]).toEqual([1, 200]);
  expect(events.of('attempt')).toHaveLength(1);
});

test('a snapshot matches numbers counted by hand', async () => {
  const { ai, clock, providers } = setUpCanary({
    canary: { breaker: false, prices: { gemini: { inputPerMTok: 1, outputPerMTok: 4 }, openai: PRICE } },
    client: { maxRetries: 1 },
  });
  providers.script('gemini', after(100, chat('', { input: 1_000, output: 100 })));
  providers.script('gemini', failed(503), after(200, chat('', { input: 2_000, output: 200 })));
  providers.script('gemini', failed(401));
  providers.script('openai', after(50, chat('', { input: 500, output: 0 })));
  await within(clock, 1_000, ask(ai));
  await within(clock, 1_000, ask(ai));
  await within(clock, 1_000, ask(ai));
  providers.script('openai', failed(422));
  await errorWithin(clock, 0, ask(ai));
  const { upstreams, ...all } = ai.canary.snapshot();
  expect(all).toMatchObject({ calls: 4, successes: 3, failures: 0, weights: { gemini: 1 } });
  expect(all.primaryHitRate).toBeCloseTo(2 / 3, 12);
  expect(all.fallbackRate).toBeCloseTo(1 / 3, 12);
  expect(all.failureRate).toBe(0);
  expect(upstreams['gemini']).toMatchObject({
    calls: 4,
    attempts: 4,
    successes: 2,
    failures: 2,
    neutral: 0,
    failuresByKind: { server: 1, auth: 1 },
    retries: 1,
    fallbacks: 0,
    errorRate: 0.5,
    inputTokens: 3_000,
    outputTokens: 300,
    unpriced: 0,
    weight: 1,
  });
  // (3,000 · 1 + 300 · 4) / 10⁶, and twice that on stable.
  expect(upstreams['gemini']!.costUsd).toBeCloseTo(0.0042, 12);
  expect(upstreams['gemini']!.savingsUsd).toBeCloseTo(0.0042, 12);
  expect(upstreams['openai']).toMatchObject({ calls: 0, attempts: 2, successes: 1, neutral: 1, fallbacks: 1 });
  expect(upstreams['openai']!.costUsd).toBeCloseTo(0.001, 12);
  expect(upstreams['openai']!.savingsUsd).toBe(0);
});

test('drops records that are older than the window', async () => {
  const { ai, clock } = setUp({ canary: { window: '1m' } });
  await ask(ai);
  expect(ai.canary.snapshot().calls).toBe(1);
  await clock.advance(70_000);
  expect(ai.canary.snapshot().calls).toBe(0);
});

test('keeps costs by upstream, UTC day and month', async () => {
  const { ai, clock } = setUp({ upstreams: { gemini: {} } });
  await ask(ai);
  await ask(ai, route({ upstream: 'gemini' }));
  await clock.advance(31 * 86_400_000);
  await ask(ai);
  const report = ai.canary.costs();
  expect(report.total).toMatchObject({ attempts: 3, inputTokens: 30, outputTokens: 15, unpriced: 0 });
  expect(report.total.costUsd).toBeCloseTo(3 * COST_USD, 12);
  expect(report.upstreams['gemini']).toMatchObject({ attempts: 1 });
  expect(report.days.map(({ period, attempts }) => [period, attempts])).toEqual([
    ['2026-01-01', 2],
    ['2026-02-01', 1],
  ]);
  expect(report.months.map(({ period }) => period)).toEqual(['2026-01', '2026-02']);
  expect(ai.canary.costs({ since: new Date('2026-02-01') }).total.attempts).toBe(1);
});

test('applies a price of the user from its day on', async () => {
  const prices = { openai: [PRICE, { inputPerMTok: 200, outputPerMTok: 800, from: '2026-01-02' }] };
  const { ai, clock, events } = setUp({ canary: { prices } });
  await ask(ai);
  await clock.advance(86_400_000);
  await ask(ai);
  expect(events.of('attempt').map(({ cost }) => cost.costUsd)).toEqual([COST_USD, 0.006]);
});

test('an unknown price makes the cost unknown, not 0, and warns once', async () => {
  const { ai, events } = setUp({ canary: { prices: {} } });
  await ai.chat.completions.create({ ...BODY, model: 'no-such-model' });
  await ai.chat.completions.create({ ...BODY, model: 'no-such-model' });
  expect(events.of('attempt').map(({ cost }) => cost)).toEqual([
    { costUsd: null, source: null },
    { costUsd: null, source: null },
  ]);
  expect(events.of('warning')).toMatchObject([{ code: 'price', message: expect.stringContaining('no-such-model') }]);
  expect(ai.canary.snapshot().upstreams['openai']).toMatchObject({ costUsd: 0, unpriced: 2, costPerCall: null });
});

test('a cost that the provider reports wins over the price table', async () => {
  const { ai, providers, events } = setUp({ canary: { prices: {} } });
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: 0.5 };
  providers.script('openai', json({ model: 'gpt-4.1', choices: [{ message: {} }], usage }));
  await ask(ai);
  expect(events.of('attempt')).toMatchObject([{ cost: { costUsd: 0.5, source: 'reported' } }]);
});

test('reads the usage and model of an embedding', async () => {
  const { ai, providers, events } = setUp();
  providers.script(
    'openai',
    json({ model: 'embed', data: [{ embedding: [0, 1] }], usage: { prompt_tokens: 7, total_tokens: 7 } }),
  );
  await ai.embeddings.create({ model: 'embed', input: 'x', encoding_format: 'float' });
  expect(events.of('attempt')).toMatchObject([{ surface: 'embeddings', usage: { inputTokens: 7, outputTokens: 0 } }]);
});

test('meters calls without the canary option and does not change them', async () => {
  const clock = new ManualClock();
  const providers = new ScriptedProviders(clock);
  const ai = new CanaryClient({ apiKey: 'k', baseURL: 'https://openai.test/v1', fetch: providers.fetch });
  using events = collectEvents(ai, ['attempt', 'call']);
  providers.script('openai', chatStream(['Hi']));
  const { chunks } = await ai.chat.completions.create(STREAM_BODY).then(drain);
  expect(providers.sent[0]!.rawBody).toBe(JSON.stringify(STREAM_BODY));
  expect(chunks).toHaveLength(2);
  await ai.chat.completions.create(BODY);
  expect(events.of('attempt')).toMatchObject([
    { outcome: 'success', usage: undefined },
    { outcome: 'success', usage: USAGE },
  ]);
  expect(ai.canary.snapshot()).toMatchObject({ calls: 2, successes: 2 });
});
