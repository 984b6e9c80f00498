/** Replay of cached streams. */

import { getEventListeners } from 'node:events';
import type { OpenAI } from 'openai';
import { expect, test } from 'vitest';
import { StreamInterruptedError, route, type CacheOptions, type CanaryOptions } from '../../src/index.ts';
import { STREAM_BODY, drain, watch, within } from '../support/calls.ts';
import { setUp, type SetUp } from '../support/set-up.ts';
import { chatStream, events } from '../support/stream-replies.ts';

function cached(cache: CacheOptions = {}, canary: CanaryOptions = {}): SetUp {
  return setUp({ client: { maxRetries: 0 }, canary: { cache: { when: () => true, ...cache }, ...canary } });
}

const stream = ({ ai }: SetUp, options?: OpenAI.RequestOptions, body: object = {}) =>
  ai.chat.completions.create({ ...STREAM_BODY, ...body }, options);

const textOf = (chunks: readonly OpenAI.ChatCompletionChunk[]): string =>
  chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');

async function readWhole(set: SetUp, options?: OpenAI.RequestOptions, body?: object) {
  return drain(await within(set.clock, 0, stream(set, options, body)));
}

test('replays a stream as an SDK stream, chunk by chunk', async () => {
  const set = cached();
  set.providers.script('openai', chatStream(['One', ' two', ' three']));
  const first = await within(set.clock, 0, stream(set));
  const { chunks } = await drain(first);
  const second = await within(set.clock, 0, stream(set));
  expect(second.constructor).toBe(first.constructor);
  expect(await drain(second)).toEqual({ chunks, error: undefined });
  expect(textOf(chunks)).toBe('One two three');
  expect(set.providers.asked).toHaveLength(1);
  expect(set.ai.canary.last(second)?.attempts).toMatchObject([{ delivery: 'cached', cost: { costUsd: 0 } }]);
  expect(set.ai.canary.costs().total.savingsUsd).toBeGreaterThan(0);
});

test('a chunk that one reader modifies reaches the next reader unmodified', async () => {
  const set = cached();
  set.providers.script('openai', chatStream(['One', ' two']));
  for await (const chunk of await within(set.clock, 0, stream(set))) chunk.choices.length = 0;
  expect(textOf((await readWhole(set)).chunks)).toBe('One two');
  for await (const chunk of await within(set.clock, 0, stream(set))) chunk.choices.length = 0;
  expect(textOf((await readWhole(set)).chunks)).toBe('One two');
});

test('tee, toReadableStream, the helper and the raw response work on a replayed stream', async () => {
  const set = cached();
  set.providers.script('openai', chatStream(['One', ' two']));
  await readWhole(set);
  const [left, right] = (await within(set.clock, 0, stream(set))).tee();
  const [a, b] = await Promise.all([drain(left), drain(right)]);
  expect([textOf(a.chunks), textOf(b.chunks)]).toEqual(['One two', 'One two']);
  const lines = await new Response((await stream(set)).toReadableStream()).text();
  expect(lines.trim().split('\n')).toHaveLength(a.chunks.length);
  const raw = await within(set.clock, 0, stream(set).asResponse());
  expect(await raw.text()).toMatch(/^data: \{.*\n\ndata: \[DONE\]\n\n$/s);
  const { data, response } = await within(set.clock, 0, stream(set).withResponse());
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(textOf((await drain(data)).chunks)).toBe('One two');
  const whole = await set.ai.chat.completions.stream(STREAM_BODY).finalContent();
  expect(whole).toBe('One two');
  expect(set.providers.asked).toHaveLength(1);
});

test('the controller of a replayed stream and the signal of its call end it', async () => {
  const set = cached();
  set.providers.script('openai', chatStream(['One', ' two', ' three']));
  await readWhole(set);
  const byController = await within(set.clock, 0, stream(set));
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of byController) {
    chunks.push(chunk);
    byController.controller.abort();
  }
  expect(chunks).toHaveLength(1);
  const aborter = new AbortController();
  const bySignal = await within(set.clock, 0, stream(set, { signal: aborter.signal }));
  aborter.abort();
  expect((await drain(bySignal)).chunks).toEqual([]);
  await expect(stream(set, { signal: aborter.signal })).rejects.toThrow('Request was aborted.');
});

test('a reader that leaves a replayed stream early leaves no listener on the signal of its call', async () => {
  const set = cached();
  set.providers.script('openai', chatStream(['One', ' two', ' three']));
  await readWhole(set);
  const { signal } = new AbortController();
  const left = await within(set.clock, 0, stream(set, { signal }));
  for await (const _ of left) left.controller.abort();
  for await (const _ of await within(set.clock, 0, stream(set, { signal }))) break;
  await readWhole(set, { signal });
  expect(set.providers.asked).toHaveLength(1);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a replayed stream can be read only once', async () => {
  const set = cached();
  set.providers.script('openai', chatStream(['One', ' two']));
  await readWhole(set);
  const again = await within(set.clock, 0, stream(set));
  await drain(again);
  expect((await drain(again)).error).toMatchObject({ message: expect.stringContaining('consumed stream') });
});

test('does not cache a stream that its reader leaves early', async () => {
  const set = cached();
  set.providers.usually('openai', chatStream(['One', ' two']));
  for await (const _ of await within(set.clock, 0, stream(set))) break;
  expect(textOf((await readWhole(set)).chunks)).toBe('One two');
  expect(set.providers.asked).toHaveLength(2);
});

test('does not cache an interrupted stream', async () => {
  const set = cached();
  set.providers.script('openai', chatStream(['One'], { finish: false }), chatStream(['One', ' two']));
  const broken = await readWhole(set);
  const whole = await readWhole(set);
  expect(broken.error).toBeInstanceOf(StreamInterruptedError);
  expect(textOf(whole.chunks)).toBe('One two');
  expect(set.providers.asked).toHaveLength(2);
});

test('shows the usage chunk only to callers that requested it', async () => {
  const set = cached();
  set.providers.usually('openai', chatStream(['One']));
  const hidden = await readWhole(set);
  const shown = await readWhole(set, undefined, { stream_options: { include_usage: true } });
  const again = await readWhole(set);
  expect(hidden.chunks.some(({ usage }) => usage)).toBe(false);
  expect(shown.chunks.some(({ usage }) => usage)).toBe(true);
  expect(again.chunks).toEqual(hidden.chunks);
  expect(set.providers.asked).toHaveLength(2);
});

test('sends identical concurrent streams separately, without waiting for the reader of another', async () => {
  const set = cached();
  set.providers.usually('openai', chatStream(['One']));
  const unread = await within(set.clock, 0, stream(set));
  const read = watch(readWhole(set));
  await set.clock.advance(0);
  expect(read.now.state).toBe('resolved');
  expect(set.providers.asked).toHaveLength(2);
  unread.controller.abort();
});

test('passes on a stream longer than the cache without caching it', async () => {
  const set = cached({ maxBytes: 2_000 });
  set.providers.usually('openai', chatStream(Array(200).fill('many words ')));
  const { chunks } = await readWhole(set);
  expect(chunks.length).toBeGreaterThan(200);
  await readWhole(set);
  expect(set.providers.asked).toHaveLength(2);
});

test('replays a Responses API stream with its events, and its id stays with its upstream', async () => {
  const set = setUp({ upstreams: { gemini: {} }, canary: { cache: { when: () => true } } });
  const { ai, clock, providers } = set;
  const completed = { id: 'resp_1', object: 'response', status: 'completed', output: [], usage: null };
  const steps = [
    { event: { type: 'response.created', response: { ...completed, status: 'in_progress' } } },
    { event: { type: 'response.output_text.delta', delta: 'One', item_id: 'i', output_index: 0, content_index: 0 } },
    { event: { type: 'response.completed', response: completed } },
  ];
  providers.script('gemini', events(steps, { done: false }));
  const respond = () => ai.responses.create({ model: 'm', input: 'x', stream: true }, route({ upstream: 'gemini' }));
  const first = await drain(await within(clock, 0, respond()));
  const second = await drain(await within(clock, 0, respond()));
  expect(second).toEqual(first);
  expect(second.chunks.map(({ type }) => type)).toEqual(steps.map(({ event }) => event.type));
  await within(clock, 0, ai.responses.create({ model: 'm', input: 'And?', previous_response_id: 'resp_1' }));
  expect(providers.asked).toEqual(['gemini', 'gemini']);
});
