/** Answers without checks: what is learned while the caller reads them. */

import { expect, test } from 'vitest';
import { watchParsed } from '../../src/upstream/read-answer.ts';
import { attemptInput } from './support/attempt-input.ts';
import { sdkStream, sse } from './support/sdk-stream.ts';

const BODY = { id: 'x', model: 'm-1', usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7, cost: 0.5 } };
const KNOWN = { model: 'm-1', usage: { inputTokens: 3, outputTokens: 4 }, reportedUsd: 0.5 };

test('reads model, usage and reported cost of a body at once', () => {
  const { input, ends } = attemptInput();
  watchParsed(input, BODY);
  expect(ends).toMatchObject([{ failure: undefined, ...KNOWN }]);
});

test('reads no usage of a call that is not portable', () => {
  const { input, ends } = attemptInput({ surface: 'other' });
  watchParsed(input, BODY);
  expect(ends).toMatchObject([{ failure: undefined, usage: undefined, reportedUsd: undefined }]);
});

test('reports the id of a response, but not that of a completion', () => {
  const { input, ids } = attemptInput({ surface: 'responses' });
  watchParsed(input, { id: 'resp_1' });
  watchParsed(attemptInput({ onResponseId: input.onResponseId }).input, { id: 'chatcmpl-1' });
  expect(ids).toEqual(['resp_1']);
});

test.each([undefined, null, 'text', 7, []])('accepts %j as an answer', (data) => {
  const { input, ends } = attemptInput();
  watchParsed(input, data);
  expect(ends).toMatchObject([{ failure: undefined, model: undefined, usage: undefined }]);
});

test('a stream that ends before it is complete is truncated', async () => {
  const { input, ends } = attemptInput();
  const stream = await sdkStream(sse({ choices: [{ index: 0, delta: { content: 'Hi' } }] }));
  watchParsed(input, stream);
  for await (const chunk of stream) void chunk;
  expect(ends).toMatchObject([{ failure: { kind: 'truncated' } }]);
});

test('is not aborted by a caller that leaves after the finish_reason', async () => {
  const { input, ends } = attemptInput();
  const stream = await sdkStream(sse({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }, { more: 1 }));
  watchParsed(input, stream);
  for await (const chunk of stream) {
    void chunk;
    break;
  }
  expect(ends).toMatchObject([{ failure: undefined }]);
});

test('fails for response.failed, for which the SDK throws no error', async () => {
  const { input, ends } = attemptInput({ surface: 'responses' });
  const stream = await sdkStream(
    sse({ type: 'response.failed', response: { id: 'r', error: { code: 'server_error' } } }),
  );
  watchParsed(input, stream);
  for await (const chunk of stream) void chunk;
  expect(ends[0]!.failure).toMatchObject({ outcome: 'failure' });
});

test('redacts the error of a stream before it is thrown', async () => {
  const { input, redacted } = attemptInput();
  const stream = await sdkStream(sse({ error: { message: 'Key sk-secret is wrong.' } }));
  watchParsed(input, stream);
  await expect(Array.fromAsync(stream)).rejects.toThrow();
  expect(redacted).toHaveLength(1);
});
