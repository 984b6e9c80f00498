/** Nothing that a tracer or a meter does affects a call, and no span stays open. */

import type { Meter, Span, Tracer } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { otelExporter, type OtelExporterOptions } from '../../src/otel/index.ts';
import { ask, BODY, drain, STREAM_BODY } from '../support/calls.ts';
import { runModule } from '../support/child-process.ts';
import { messageOf } from '../support/message-of.ts';
import { chatStream } from '../support/stream-replies.ts';
import { setUp } from '../support/set-up.ts';
import { memoryMeter, memoryTracer, setUpOtel, treeOf, within } from './set-up-otel.ts';

const fail = (): never => {
  throw new Error('The exporter is broken.');
};
const BROKEN_SPAN = {
  spanContext: fail,
  isRecording: () => true,
  setAttribute: fail,
  setAttributes: fail,
  setStatus: fail,
  end: fail,
} as unknown as Span;
const INSTRUMENT = { add: fail, record: fail, addCallback: () => undefined, removeCallback: () => undefined };
const BROKEN_METER = {
  createHistogram: () => INSTRUMENT,
  createCounter: () => INSTRUMENT,
  createUpDownCounter: () => INSTRUMENT,
  createObservableGauge: () => INSTRUMENT,
  addBatchObservableCallback: () => undefined,
  removeBatchObservableCallback: () => undefined,
} as unknown as Meter;

test.each<[string, OtelExporterOptions]>([
  ['a tracer that throws', { tracer: { startSpan: fail } as unknown as Tracer }],
  ['a tracer whose spans throw', { tracer: { startSpan: () => BROKEN_SPAN } as unknown as Tracer }],
  ['a tracer that returns nothing', { tracer: { startSpan: () => undefined } as unknown as Tracer }],
  ['a meter that throws', { meter: BROKEN_METER }],
])('%s does not affect calls and is reported', async (_, options) => {
  const { ai, providers, events } = setUp();
  using exporter = otelExporter(ai, { captureContent: true, ...options });
  expect((await ask(ai)).choices).toHaveLength(1);
  providers.usually('openai', chatStream(['Hello.']));
  expect((await drain(await ai.chat.completions.create(STREAM_BODY))).error).toBeUndefined();
  expect(exporter).toBeDefined();
  expect(providers.sent).toHaveLength(2);
  expect(events.of('warning').map(({ code }) => code)).toContain('listener');
});

test('a tracer whose async run() rejects is reported, and does not end the process', async () => {
  const output = await runModule(`
    const { CanaryClient } = await import(LIBRARY);
    const answer = () => Response.json({ error: { message: 'No.' } }, { status: 400 });
    const ai = new CanaryClient({ apiKey: 'key', maxRetries: 0, fetch: async () => answer(), canary: { logger: { warn: () => undefined } } });
    ai.canary.on('warning', ({ code }) => console.log(code));
    const attempt = { run: async (send) => { await send(); throw new Error('The tracer is broken.'); }, hold() {}, end() {} };
    ai.canary.trace({ begin: () => ({ planned() {}, attempt: () => attempt, end() {}, fail() {} }) });
    const body = { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hi' }] };
    await ai.chat.completions.create(body).catch(({ status }) => console.log(status));
    // An unhandled rejection ends the process with another exit code.
    await new Promise((resolve) => setTimeout(resolve, 50));
    console.log('goes on');
  `);
  expect(output).toBe('listener\n400\ngoes on');
});

test('a stream that is kept and never read leaves no span open', async () => {
  const { ai, spans } = setUpOtel({}, { maxSpanDuration: '50ms' });
  const stream = await ai.chat.completions.create(STREAM_BODY);
  await expect.poll(() => spans().length, { timeout: 20_000 }).toBe(1);
  expect(spans()[0]?.attributes['openai_canary.unfinished']).toBe(true);
  // Read after all, it ends no span twice.
  await drain(stream);
  expect(spans().map(({ name }) => name)).toEqual(['chat gpt-4.1', 'attempt openai']);
});

test('close() ends the spans of calls in flight, and later calls have none', async () => {
  const { ai, exporter, spans } = setUpOtel();
  const stream = await ai.chat.completions.create(STREAM_BODY);
  exporter.close();
  expect(spans().map(({ attributes }) => attributes['openai_canary.unfinished'])).toEqual([true]);
  await drain(stream);
  await ask(ai);
  expect(spans().map(({ name }) => name)).toEqual(['chat gpt-4.1', 'attempt openai']);
  exporter.close();
});

test.each<[string, Record<string, string>, boolean | undefined, string]>([
  [
    'another kind of span',
    { 'gen_ai.operation.name': 'invoke_agent' },
    undefined,
    'outer\n  chat gpt-4.1\n    attempt openai',
  ],
  ['the span of the conventions', { 'gen_ai.operation.name': 'chat' }, undefined, 'outer\n  attempt openai'],
  ['the span of OpenInference', { 'openinference.span.kind': 'LLM' }, undefined, 'outer\n  attempt openai'],
  [
    'a chain of OpenInference',
    { 'openinference.span.kind': 'CHAIN' },
    undefined,
    'outer\n  chat gpt-4.1\n    attempt openai',
  ],
  [
    'the span of the conventions',
    { 'gen_ai.operation.name': 'chat' },
    true,
    'outer\n  chat gpt-4.1\n    attempt openai',
  ],
  ['another kind of span', {}, false, 'outer\n  attempt openai'],
])('within %s (%o) and with callSpans %s', async (_, attributes, callSpans, tree) => {
  const { ai, spans, tracer } = setUpOtel({}, { callSpans });
  await within(tracer, 'outer', () => ask(ai), attributes);
  expect(treeOf(spans())).toBe(tree);
});

test('texts are exported only if that is asked for', async () => {
  const withTexts = { ...BODY, messages: [{ role: 'system' as const, content: 'a secret rule' }, ...BODY.messages] };
  const plain = setUpOtel();
  await plain.ai.chat.completions.create(withTexts);
  expect(JSON.stringify(plain.spans().map(({ attributes, events }) => [attributes, events]))).not.toMatch(
    /secret|hello/i,
  );
  const open = setUpOtel({}, { captureContent: true });
  await open.ai.chat.completions.create(withTexts);
  const { attributes } = open.spans().at(-1)!;
  expect(JSON.parse(String(attributes['gen_ai.input.messages']))).toEqual([
    { role: 'system', parts: [{ type: 'text', content: 'a secret rule' }] },
    { role: 'user', parts: [{ type: 'text', content: 'Say hello.' }] },
  ]);
  expect(JSON.parse(String(attributes['gen_ai.output.messages']))).toEqual([
    { role: 'assistant', parts: [{ type: 'text', content: 'Hello.' }], finish_reason: 'stop' },
  ]);
});

test('exported texts are bounded: of a long conversation the last messages remain', async () => {
  const { ai, providers, spans } = setUpOtel({}, { captureContent: true });
  providers.usually('openai', chatStream(Array.from({ length: 2_000 }, () => 'all work and no play ')));
  const messages = Array.from({ length: 5_000 }, (_, index) => ({
    role: 'user' as const,
    content: `message ${index}`,
  }));
  const image = { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${'A'.repeat(1_000_000)}` } };
  const last = { role: 'user' as const, content: [{ type: 'text' as const, text: 'What is this?' }, image] };
  await drain(await ai.chat.completions.create({ ...STREAM_BODY, messages: [...messages, last] }));
  const { attributes } = spans().at(-1)!;
  const [input, output] = ['gen_ai.input.messages', 'gen_ai.output.messages'].map((name) => String(attributes[name]));
  expect(input!.length).toBeLessThan(40_000);
  expect(JSON.parse(input!).slice(-2)).toEqual([
    { role: 'user', parts: [{ type: 'text', content: 'message 4999' }] },
    { role: 'user', parts: [{ type: 'text', content: 'What is this?' }, { type: 'image_url' }] },
  ]);
  expect(output!.length).toBeLessThan(17_000);
  expect(output).toContain('all work and no play');
});

const { tracer } = memoryTracer();
const { meter } = memoryMeter();

test.each<[OtelExporterOptions, string]>([
  [{}, 'otelExporter should have a tracer, a meter or both'],
  [{ tracer, tracr: 1 } as OtelExporterOptions, 'otelExporter.tracr is not an option; did you mean tracer?'],
  [{ tracer: {} as Tracer }, 'otelExporter.tracer should have the methods startSpan, got an object'],
  [{ meter, captureContent: 'yes' as never }, 'otelExporter.captureContent should be true or false, got '],
  [{ tracer, maxSpanDuration: 0 }, 'otelExporter.maxSpanDuration should be a number of ms or a string'],
])('options %# are refused', (options, message) => {
  const { ai } = setUp();
  expect(messageOf(() => otelExporter(ai, options))).toContain(message);
});

test('a client that is none is refused', () => {
  expect(messageOf(() => otelExporter({} as never, { tracer }))).toMatch(
    /^otelExporter.client.canary should have the methods/,
  );
});
