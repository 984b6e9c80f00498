/** Answers for a caller that asked for the raw response. */

import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { AttemptInput } from '../../src/upstream/attempt-types.ts';
import { rawAnswer } from '../../src/upstream/read-answer.ts';
import type { PendingResponse } from '../../src/upstream/sdk/send.ts';
import { attemptInput } from './support/attempt-input.ts';
import { sse } from './support/sdk-stream.ts';

const STREAMING = { method: 'post', path: '/chat/completions', stream: true } as const;
const BODY = { id: 'x', model: 'm-1', usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7, cost: 0.5 } };
const KNOWN = { model: 'm-1', usage: { inputTokens: 3, outputTokens: 4 }, reportedUsd: 0.5 };
const raw = (body: BodyInit | null, type = 'application/json'): Response =>
  new Response(body, { headers: { 'content-type': type } });

/** The response that the caller gets for `response`. */
async function answered(input: AttemptInput, response: Response): Promise<Response> {
  // These tests never parse the answer.
  const sent = undefined as unknown as PendingResponse;
  const answer = await rawAnswer(input, { sent, props: undefined, response });
  return answer.kind === 'raw' ? answer.response : answer.props.response;
}

test('leaves a raw body to the caller and reads a copy', async () => {
  const { input, ends } = attemptInput();
  const response = raw(JSON.stringify(BODY));
  expect(await answered(input, response)).toBe(response);
  expect(await response.json()).toEqual(BODY);
  await setImmediate();
  expect(ends).toMatchObject([{ failure: undefined, ...KNOWN }]);
});

test('does not fail for a raw body that is not JSON', async () => {
  const { input, ends } = attemptInput();
  const response = await answered(input, raw('plain'));
  expect(await response.text()).toBe('plain');
  await setImmediate();
  expect(ends).toMatchObject([{ failure: undefined, usage: undefined }]);
});

test('fails for a raw body that breaks off', async () => {
  const { input, ends } = attemptInput();
  const error = new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } });
  const response = await answered(input, raw(new ReadableStream({ pull: (controller) => controller.error(error) })));
  await expect(response.text()).rejects.toBe(error);
  await setImmediate();
  expect(ends).toMatchObject([{ failure: { kind: 'connection', outcome: 'failure' } }]);
});

test('does not read raw bodies without metersRaw', async () => {
  const { input, ends } = attemptInput({ metersRaw: false });
  const response = raw(JSON.stringify(BODY));
  expect(await answered(input, response)).toBe(response);
  expect(ends).toMatchObject([{ failure: undefined, usage: undefined }]);
});

test('accepts a raw response without a body', async () => {
  const { input, ends } = attemptInput();
  await answered(input, new Response(null, { status: 204 }));
  expect(ends).toMatchObject([{ failure: undefined }]);
});

test('watches a raw stream and removes the usage chunk that we requested', async () => {
  const { input, ends } = attemptInput({ options: STREAMING });
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  const text = sse(end, { choices: [], usage: BODY.usage }, '[DONE]');
  const response = await answered(input, raw(text, 'text/event-stream; charset=utf-8'));
  expect(await response.text()).toBe(sse(end, '[DONE]'));
  expect(ends).toMatchObject([{ failure: undefined, usage: { inputTokens: 3, outputTokens: 4 } }]);
});

test.each([
  ['an AbortError', new DOMException('Aborted.', 'AbortError')],
  ['a TimeoutError', new DOMException('Too slow.', 'TimeoutError')],
  ['the caller’s own error', new Error('Enough.')],
  ['a string', 'closed'],
])('is aborted, not failed, when the caller aborts a raw stream with %s', async (_name, reason) => {
  const caller = new AbortController();
  const options = { method: 'post', path: '/chat/completions', stream: true, signal: caller.signal } as const;
  const { input, ends } = attemptInput({ options });
  const body = new ReadableStream({
    pull(controller) {
      caller.abort(reason);
      controller.error(reason);
    },
  });
  const response = await answered(input, raw(body, 'text/event-stream'));
  await expect(response.text()).rejects.toBe(reason);
  expect(ends).toMatchObject([{ failure: { outcome: 'aborted', kind: undefined } }]);
});
