/** What is learnt of an answer while the caller reads it. */

import { expect, test } from 'vitest';
import { watchParsed } from '../../src/upstream/read-answer.ts';
import { attemptInput } from './support/attempt-input.ts';
import { sdkStream, sse } from './support/sdk-stream.ts';

const BODY = { id: 'x', model: 'm-1', usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7, cost: 0.5 } };
const KNOWN = { model: 'm-1', usage: { inputTokens: 3, outputTokens: 4 }, reportedUsd: 0.5 };

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
