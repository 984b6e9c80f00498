/** What is learnt of an answer while the caller reads it. */

import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { watchParsed, watchRaw } from '../../src/upstream/watch-answer.ts';
import { attemptInput } from './support/attempt-input.ts';
import { sdkStream, sse } from './support/sdk-stream.ts';

const STREAMING = { method: 'post', path: '/chat/completions', stream: true } as const;
const BODY = { id: 'x', model: 'm-1', usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7, cost: 0.5 } };
const KNOWN = { model: 'm-1', usage: { inputTokens: 3, outputTokens: 4 }, reportedUsd: 0.5 };
const raw = (body: BodyInit | null, type = 'application/json'): Response =>
  new Response(body, { headers: { 'content-type': type } });

test('a body tells its model, its usage and its reported cost at once', () => {
  const { input: given, ends } = attemptInput();
  watchParsed(given, BODY);
  expect(ends).toMatchObject([{ failure: undefined, ...KNOWN }]);
});

test('of a call that is not portable no usage is read', () => {
  const { input: given, ends } = attemptInput({ surface: 'other' });
  watchParsed(given, BODY);
  expect(ends).toMatchObject([{ failure: undefined, usage: undefined, reportedUsd: undefined }]);
});

test('the id of a response is told, that of a completion is not', () => {
  const { input: given, ids } = attemptInput({ surface: 'responses' });
  watchParsed(given, { id: 'resp_1' });
  watchParsed(attemptInput({ onResponseId: given.onResponseId }).input, { id: 'chatcmpl-1' });
  expect(ids).toEqual(['resp_1']);
});

test.each([undefined, null, 'text', 7, []])('an answer that is %j is an answer', (data) => {
  const { input: given, ends } = attemptInput();
  watchParsed(given, data);
  expect(ends).toMatchObject([{ failure: undefined, model: undefined, usage: undefined }]);
});

test('a stream that ends before it is complete is truncated', async () => {
  const { input: given, ends } = attemptInput();
  const stream = await sdkStream(sse({ choices: [{ index: 0, delta: { content: 'Hi' } }] }));
  watchParsed(given, stream);
  for await (const chunk of stream) void chunk;
  expect(ends).toMatchObject([{ failure: { kind: 'truncated' } }]);
});

test('a reader that leaves a stream after its end was said has not aborted it', async () => {
  const { input: given, ends } = attemptInput();
  const stream = await sdkStream(sse({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }, { more: 1 }));
  watchParsed(given, stream);
  for await (const chunk of stream) {
    void chunk;
    break;
  }
  expect(ends).toMatchObject([{ failure: undefined }]);
});

test('a stream whose last word is an error of the provider is a failure, though the SDK throws nothing', async () => {
  const { input: given, ends } = attemptInput({ surface: 'responses' });
  const stream = await sdkStream(
    sse({ type: 'response.failed', response: { id: 'r', error: { code: 'server_error' } } }),
  );
  watchParsed(given, stream);
  for await (const chunk of stream) void chunk;
  expect(ends[0]!.failure).toMatchObject({ outcome: 'failure' });
});

test('an error of a stream is redacted before it is told', async () => {
  const { input: given, redacted } = attemptInput();
  const stream = await sdkStream(sse({ error: { message: 'Key sk-secret is wrong.' } }));
  watchParsed(given, stream);
  await expect(Array.fromAsync(stream)).rejects.toThrow();
  expect(redacted).toHaveLength(1);
});

test('a raw body is the caller’s, and told from a copy', async () => {
  const { input: given, ends } = attemptInput();
  const response = raw(JSON.stringify(BODY));
  expect(watchRaw(given, response)).toBe(response);
  expect(await response.json()).toEqual(BODY);
  await setImmediate();
  expect(ends).toMatchObject([{ failure: undefined, ...KNOWN }]);
});

test('a raw body that is no JSON is no failure of ours to tell', async () => {
  const { input: given, ends } = attemptInput();
  const response = watchRaw(given, raw('plain'));
  expect(await response.text()).toBe('plain');
  await setImmediate();
  expect(ends).toMatchObject([{ failure: undefined, usage: undefined }]);
});

test('a raw body that breaks off is a failure', async () => {
  const { input: given, ends } = attemptInput();
  const error = new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } });
  const response = watchRaw(given, raw(new ReadableStream({ pull: (controller) => controller.error(error) })));
  await expect(response.text()).rejects.toBe(error);
  await setImmediate();
  expect(ends).toMatchObject([{ failure: { kind: 'connection', outcome: 'failure' } }]);
});

test('where raw bodies are not to be read, they are not', () => {
  const { input: given, ends } = attemptInput({ metersRaw: false });
  const response = raw(JSON.stringify(BODY));
  expect(watchRaw(given, response)).toBe(response);
  expect(ends).toMatchObject([{ failure: undefined, usage: undefined }]);
});

test('a raw response without a body is an answer', () => {
  const { input: given, ends } = attemptInput();
  watchRaw(given, new Response(null, { status: 204 }));
  expect(ends).toMatchObject([{ failure: undefined }]);
});

test('a raw stream is watched, and the usage that we asked for taken out', async () => {
  const { input: given, ends } = attemptInput({ options: STREAMING });
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  const text = sse(end, { choices: [], usage: BODY.usage }, '[DONE]');
  const response = watchRaw(given, raw(text, 'text/event-stream; charset=utf-8'));
  expect(await response.text()).toBe(sse(end, '[DONE]'));
  expect(ends).toMatchObject([{ failure: undefined, usage: { inputTokens: 3, outputTokens: 4 } }]);
});

test.each([
  ['an AbortError', new DOMException('Aborted.', 'AbortError')],
  ['a TimeoutError', new DOMException('Too slow.', 'TimeoutError')],
  ['an error of the caller’s', new Error('Enough.')],
  ['no error at all', 'closed'],
])('a raw stream whose caller aborted it by %s is aborted, not failed', async (_name, reason) => {
  const caller = new AbortController();
  const options = { method: 'post', path: '/chat/completions', stream: true, signal: caller.signal } as const;
  const { input: given, ends } = attemptInput({ options });
  const body = new ReadableStream({
    pull(controller) {
      caller.abort(reason);
      controller.error(reason);
    },
  });
  const response = watchRaw(given, raw(body, 'text/event-stream'));
  await expect(response.text()).rejects.toBe(reason);
  expect(ends).toMatchObject([{ failure: { outcome: 'aborted', kind: undefined } }]);
});
