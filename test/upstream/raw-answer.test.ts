/** What a caller gets that wants the raw response. */

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
  // Nobody asks for the parsed answer here.
  const sent = undefined as unknown as PendingResponse;
  const answer = await rawAnswer(input, { sent, props: undefined, response });
  return answer.kind === 'raw' ? answer.response : answer.props.response;
}

test('a raw body is the caller’s, and told from a copy', async () => {
  const { input: given, ends } = attemptInput();
  const response = raw(JSON.stringify(BODY));
  expect(await answered(given, response)).toBe(response);
  expect(await response.json()).toEqual(BODY);
  await setImmediate();
  expect(ends).toMatchObject([{ failure: undefined, ...KNOWN }]);
});

test('a raw body that is no JSON is no failure of ours to tell', async () => {
  const { input: given, ends } = attemptInput();
  const response = await answered(given, raw('plain'));
  expect(await response.text()).toBe('plain');
  await setImmediate();
  expect(ends).toMatchObject([{ failure: undefined, usage: undefined }]);
});

test('a raw body that breaks off is a failure', async () => {
  const { input: given, ends } = attemptInput();
  const error = new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } });
  const response = await answered(given, raw(new ReadableStream({ pull: (controller) => controller.error(error) })));
  await expect(response.text()).rejects.toBe(error);
  await setImmediate();
  expect(ends).toMatchObject([{ failure: { kind: 'connection', outcome: 'failure' } }]);
});

test('where raw bodies are not to be read, they are not', async () => {
  const { input: given, ends } = attemptInput({ metersRaw: false });
  const response = raw(JSON.stringify(BODY));
  expect(await answered(given, response)).toBe(response);
  expect(ends).toMatchObject([{ failure: undefined, usage: undefined }]);
});

test('a raw response without a body is an answer', async () => {
  const { input: given, ends } = attemptInput();
  await answered(given, new Response(null, { status: 204 }));
  expect(ends).toMatchObject([{ failure: undefined }]);
});

test('a raw stream is watched, and the usage that we asked for taken out', async () => {
  const { input: given, ends } = attemptInput({ options: STREAMING });
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  const text = sse(end, { choices: [], usage: BODY.usage }, '[DONE]');
  const response = await answered(given, raw(text, 'text/event-stream; charset=utf-8'));
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
  const response = await answered(given, raw(body, 'text/event-stream'));
  await expect(response.text()).rejects.toBe(reason);
  expect(ends).toMatchObject([{ failure: { outcome: 'aborted', kind: undefined } }]);
});
