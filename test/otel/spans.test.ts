/** The spans of calls and attempts: their tree, their attributes and their ends. */

import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AlwaysOffSampler, ParentBasedSampler, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { CanaryClient, ConfigError, route } from '../../src/index.ts';
import { otelExporter } from '../../src/otel/index.ts';
import { ask, BODY, drain, errorWithin, STREAM_BODY, within as withinMs } from '../support/calls.ts';
import { chat, failed, response, silent } from '../support/replies.ts';
import { chatStream } from '../support/stream-replies.ts';
import { memoryTracer, setUpOtel, spanOf, treeOf, within } from './set-up-otel.ts';

const errorOf = ({ attributes }: ReadableSpan): unknown => attributes['error.type'];

test('a call with a hedge, a retry and a fallback has a child for each attempt, with its kind and number', async () => {
  const { ai, providers, clock, spans } = setUpOtel({
    upstreams: { gemini: { model: 'gemini-2.5-flash' }, deepseek: {} },
    canary: { hedge: { after: '100ms', maxShare: 1 }, fallbacks: ['deepseek', 'openai'], breaker: false },
  });
  providers.usually('gemini', failed(503)).usually('deepseek', failed(500));
  await withinMs(clock, 60_000, ask(ai));
  const show = (span: ReadableSpan): string => {
    const { 'openai_canary.attempt.kind': kind, 'openai_canary.attempt.number': number } = span.attributes;
    return [span.name, kind, number, errorOf(span)]
      .flatMap((word) => (word === undefined ? [] : [String(word as string | number)]))
      .join(' | ');
  };
  expect(treeOf(spans(), show)).toMatchInlineSnapshot(`
    "chat gpt-4.1
      attempt gemini | first | 1 | server
      hedge deepseek | hedge | 2 | server
      retry gemini | retry | 3 | server
      retry deepseek | retry | 4 | server
      fallback openai | fallback | 5"
  `);
  expect(spans().map(({ kind }) => kind)).toEqual(Array(6).fill(SpanKind.CLIENT));
  expect(spanOf(spans(), 'hedge').attributes).toMatchObject({ 'openai_canary.hedge.of': 'gemini' });
  expect(spanOf(spans(), 'fallback').attributes).toMatchObject({
    'openai_canary.fallback.from': 'gemini',
    'openai_canary.fallback.reason': 'server',
  });
});

test('the span of a call follows the conventions, and that of an attempt names its upstream', async () => {
  const { ai, providers, spans } = setUpOtel({ upstreams: { gemini: { model: 'gemini-2.5-flash' } } });
  providers.usually('gemini', chat('Hello.', { input: 12, output: 3 }));
  await ai.chat.completions.create({ ...BODY, temperature: 0.5, max_completion_tokens: 20 });
  expect(spanOf(spans(), 'chat gpt-4.1').attributes).toEqual({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4.1',
    'gen_ai.request.temperature': 0.5,
    'gen_ai.request.max_tokens': 20,
    'gen_ai.response.id': 'chatcmpl-1',
    'gen_ai.response.model': 'gemini-2.5-flash',
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.usage.input_tokens': 12,
    'gen_ai.usage.output_tokens': 3,
    'openai.api.type': 'chat_completions',
    'server.address': 'gemini.test',
    'server.port': 443,
    'openai_canary.side': 'canary',
    'openai_canary.assigned': 'gemini',
    'openai_canary.upstream': 'gemini',
    'openai_canary.route.reason': 'split',
    'openai_canary.outcome': 'success',
    'openai_canary.attempts': 1,
    'openai_canary.cost_usd': expect.closeTo(0.000048, 9),
  });
  expect(spanOf(spans(), 'attempt').attributes).toMatchObject({
    'gen_ai.request.model': 'gemini-2.5-flash',
    'openai_canary.upstream': 'gemini',
    'openai_canary.usage.input_tokens': 12,
    'server.address': 'gemini.test',
  });
  // Sums over the tokens of all spans count each call once.
  expect(spanOf(spans(), 'attempt').attributes).not.toHaveProperty('gen_ai.usage.input_tokens');
});

test.each([
  ['https://api.openai.com/v1', 'openai', 443],
  ['https://api.deepseek.com', 'deepseek', 443],
  ['https://generativelanguage.googleapis.com/v1beta/openai/', 'gcp.gemini', 443],
  ['https://acme.openai.azure.com/openai', 'azure.ai.openai', 443],
  ['https://api.holysheep.ai/v1', 'openai', 443],
  ['http://127.0.0.1:8080/v1', 'openai', 8080],
] as const)('an upstream at %s has the provider %s', async (baseURL, provider, port) => {
  const { ai, spans } = setUpOtel({ client: { baseURL } });
  await ask(ai).catch(() => undefined);
  expect(spanOf(spans(), 'attempt').attributes).toMatchObject({
    'gen_ai.provider.name': provider,
    'server.address': new URL(baseURL).hostname,
    'server.port': port,
  });
});

test('spans are children of the span that is active when the call is made, for 1,000 calls at a time', async () => {
  const { ai, spans, tracer } = setUpOtel();
  const names = Array.from({ length: 1_000 }, (_, index) => `request ${index}`);
  await Promise.all(
    names.map((name) =>
      within(tracer, name, () => ai.chat.completions.create({ ...BODY, model: name.replace(' ', '-') })),
    ),
  );
  const byId = new Map(spans().map((span) => [span.spanContext().spanId, span]));
  const parentOf = (span: ReadableSpan): string | undefined => byId.get(span.parentSpanContext?.spanId ?? '')?.name;
  const calls = spans().filter(({ name }) => name.startsWith('chat '));
  expect(calls).toHaveLength(1_000);
  for (const call of calls) expect(parentOf(call)).toBe(call.name.replace('chat request-', 'request '));
  const attempts = spans().filter(({ name }) => name === 'attempt openai');
  expect(attempts).toHaveLength(1_000);
  for (const attempt of attempts)
    expect(parentOf(attempt)).toBe(`chat ${String(attempt.attributes['gen_ai.request.model'])}`);
});

test('requests run in the context of their attempt, also those of retries and fallbacks', async () => {
  const active: (string | undefined)[] = [];
  const { ai, providers, clock, spans, tracer } = setUpOtel({ upstreams: { gemini: {} } });
  const note = (reply: ReturnType<typeof chat>) => (request: Parameters<ReturnType<typeof chat>>[0]) => {
    active.push(trace.getActiveSpan()?.spanContext().spanId);
    tracer.startSpan('POST').end();
    return reply(request);
  };
  providers.usually('gemini', note(failed(503))).usually('openai', note(chat()));
  await withinMs(clock, 60_000, ask(ai));
  const ids = ['attempt gemini', 'retry gemini', 'fallback openai'].map(
    (name) => spanOf(spans(), name).spanContext().spanId,
  );
  expect(active).toEqual(ids);
  expect(
    treeOf(spans())
      .split('\n')
      .filter((line) => line.trim() === 'POST'),
  ).toEqual(Array(3).fill('    POST'));
});

test('the span of a stream ends with the stream, and has the time to its first chunk', async () => {
  const { ai, providers, spans } = setUpOtel();
  providers.usually('openai', chatStream(['Hel', 'lo.']));
  const stream = await ai.chat.completions.create(STREAM_BODY);
  expect(spans()).toEqual([]);
  await drain(stream);
  const call = spanOf(spans(), 'chat');
  expect(call.attributes).toMatchObject({
    'gen_ai.request.stream': true,
    'gen_ai.response.time_to_first_chunk': expect.any(Number),
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.response.id': 'chatcmpl-1',
    'gen_ai.usage.output_tokens': 5,
  });
  expect(treeOf(spans())).toBe('chat gpt-4.1\n  attempt openai');
});

test('a caller that leaves a stream ends its span without an error', async () => {
  const { ai, providers, spans } = setUpOtel();
  providers.usually('openai', chatStream(['Hel', 'lo.', ' How', ' are', ' you?']));
  for await (const part of await ai.chat.completions.create(STREAM_BODY)) if (part) break;
  const call = spanOf(spans(), 'chat');
  expect(call.attributes['openai_canary.outcome']).toBe('aborted');
  expect([call.status.code, errorOf(call)]).toEqual([SpanStatusCode.UNSET, undefined]);
});

test('a stream that breaks off has an error', async () => {
  const { ai, providers, spans } = setUpOtel();
  providers.usually('openai', chatStream(['Hello'], { finish: false }));
  const { error } = await drain(await ai.chat.completions.create(STREAM_BODY));
  expect(error).toBeInstanceOf(Error);
  expect(spans().map((span) => [span.name, errorOf(span)])).toEqual([
    ['attempt openai', 'truncated'],
    ['chat gpt-4.1', 'truncated'],
  ]);
});

test.each([
  [400, 'badRequest'],
  [401, 'auth'],
  [429, 'rateLimit'],
] as const)('status %i is an error of the kind %s, without the text of the provider', async (status, kind) => {
  const { ai, providers, clock, spans } = setUpOtel({ client: { maxRetries: 0 } });
  providers.usually('openai', failed(status, { message: 'You said: my secret' }));
  await errorWithin(clock, 60_000, ask(ai));
  const [attempt, call] = [spanOf(spans(), 'attempt'), spanOf(spans(), 'chat')];
  expect(attempt.attributes).toMatchObject({ 'error.type': kind, 'http.response.status_code': status });
  expect([errorOf(call), call.status]).toEqual([kind, { code: SpanStatusCode.ERROR, message: kind }]);
  expect(
    JSON.stringify(spans().map(({ attributes, events, status: told }) => [attributes, events, told])),
  ).not.toContain('secret');
});

test('a call that its caller aborts is no error', async () => {
  const { ai, providers, clock, spans } = setUpOtel();
  providers.usually('openai', silent());
  const controller = new AbortController();
  const asking = ask(ai, { signal: controller.signal });
  await clock.advance(10);
  controller.abort();
  await errorWithin(clock, 10, asking);
  expect(spans().map((span) => [span.name, span.attributes['openai_canary.outcome'], errorOf(span)])).toEqual([
    ['attempt openai', 'aborted', undefined],
    ['chat gpt-4.1', 'aborted', undefined],
  ]);
});

test('a call that is refused before it is planned has a span with the name of its error', async () => {
  const { ai, spans } = setUpOtel();
  await expect(ask(ai, route({ upstream: 'openia' }))).rejects.toThrow(ConfigError);
  expect(spans().map((span) => [span.name, errorOf(span)])).toEqual([['chat gpt-4.1', 'ConfigError']]);
});

test('a refusal that stable does not share ends when it came, and is the failure of its upstream', async () => {
  const { ai, providers, clock, spans } = setUpOtel({ upstreams: { gemini: {} } });
  providers.usually('gemini', failed(400)).usually('openai', async (request) => {
    // The spans have the time of the system, not that of the test's clock.
    await new Promise((resolve) => setTimeout(resolve, 50));
    return chat()(request);
  });
  await clock.advance(0);
  await ask(ai);
  const refused = spanOf(spans(), 'attempt gemini');
  expect(refused.attributes).toMatchObject({ 'openai_canary.outcome': 'failure', 'error.type': 'badRequest' });
  const fallback = spanOf(spans(), 'fallback openai');
  const endMs = (span: ReadableSpan) => span.endTime[0] * 1e3 + span.endTime[1] / 1e6;
  expect(endMs(refused)).toBeLessThan(endMs(fallback) - 25);
});

test('a response in the background ends its span at once, and the poll that fetches it has one of its own', async () => {
  const { ai, providers, spans } = setUpOtel();
  providers.script('openai', response('resp_1', { status: 'queued', usage: undefined }), response('resp_1'));
  await ai.responses.create({ model: 'gpt-4.1', input: 'Hello.', background: true });
  expect(treeOf(spans())).toBe('chat gpt-4.1\n  attempt openai');
  await ai.responses.retrieve('resp_1');
  expect(treeOf(spans().slice(2))).toBe('fetch_response\n  attempt openai');
});

test('calls that ask no model have no span', async () => {
  const { ai, spans } = setUpOtel();
  await ai.files.retrieve('file-1');
  for await (const model of ai.models.list()) void model;
  expect(spans()).toEqual([]);
});

test('an answer from the cache has a span without an attempt', async () => {
  const { ai, spans } = setUpOtel({ canary: { cache: { ttl: '1m' } } });
  const body = { ...BODY, temperature: 0 };
  await ai.chat.completions.create(body);
  await ai.chat.completions.create(body);
  expect(treeOf(spans())).toBe('chat gpt-4.1\n  attempt openai\nchat gpt-4.1');
  expect(spans().at(-1)?.attributes).toMatchObject({
    'openai_canary.cached': true,
    'openai_canary.outcome': 'success',
  });
});

test('a copy in the shadow is a child of the call that it copies', async () => {
  const { ai, clock, spans } = setUpOtel({
    upstreams: { deepseek: {} },
    canary: { shadow: { upstream: 'deepseek', share: 1 } },
  });
  await ask(ai);
  await clock.advance(1_000);
  await expect
    .poll(() => treeOf(spans()), { timeout: 20_000 })
    .toBe('chat gpt-4.1\n  attempt openai\n  shadow deepseek');
});

test('the spans of a rollout name it and its step', async () => {
  const rollout = { to: 'gemini', steps: [{ weight: 0.5, hold: '1h' }, { weight: 1 }] } as const;
  const { ai, spans } = setUpOtel({ upstreams: { gemini: {} }, canary: { weights: undefined, rollout } });
  const about = { 'openai_canary.rollout': 'gemini', 'openai_canary.rollout.step': 1 };
  for (let user = 0; user < 8; user += 1) await ask(ai, route({ key: `user-${user}` }));
  const calls = spans().filter(({ name }) => name.startsWith('chat'));
  expect(calls.map(({ attributes }) => attributes)).toEqual(Array(8).fill(expect.objectContaining(about)));
  expect(new Set(calls.map(({ attributes }) => attributes['openai_canary.side']))).toEqual(
    new Set(['stable', 'canary']),
  );
  ai.canary.rollout.rollback('a test');
  await ask(ai);
  expect(spans().at(-1)?.attributes).not.toHaveProperty('openai_canary.rollout');
});

test('a client without the option canary is exported, too', async () => {
  const { tracer, spans } = memoryTracer();
  const fetch = async () => Response.json({ id: 'chatcmpl-2', model: 'gpt-4.1', choices: [] });
  await using ai = new CanaryClient({ apiKey: 'key', baseURL: 'https://openai.test/v1', fetch });
  using exporter = otelExporter(ai, { tracer });
  await ask(ai);
  expect(exporter).toBeDefined();
  expect(treeOf(spans())).toBe('chat gpt-4.1\n  attempt openai');
});

test('a call that is not sampled has no spans, and its request passes the decision on', async () => {
  let flags: number | undefined;
  const { ai, providers, spans } = setUpOtel({}, { sampler: new ParentBasedSampler({ root: new AlwaysOffSampler() }) });
  providers.usually('openai', (request) => {
    flags = trace.getSpanContext(context.active())?.traceFlags;
    return chat()(request);
  });
  await ask(ai);
  expect(spans()).toEqual([]);
  expect(flags).toBe(0);
});
