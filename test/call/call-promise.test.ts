/** The promise of a call is a genuine `APIPromise` of the SDK. */

import { APIPromise, InternalServerError } from 'openai';
import { expect, test } from 'vitest';
import { BODY, STREAM_BODY, drain, errorWithin, within } from '../support/calls.ts';
import { failed, json } from '../support/replies.ts';
import { setUp, setUpCanary } from '../support/set-up.ts';
import { chatStream } from '../support/stream-replies.ts';

test('is an APIPromise whose result has a request id', async () => {
  const { ai, providers } = setUp();
  providers.script('openai', json({ choices: [{ message: {} }] }, { headers: { 'x-request-id': 'req_7' } }));
  const promise = ai.chat.completions.create(BODY);
  expect(promise).toBeInstanceOf(APIPromise);
  expect((await promise)._request_id).toBe('req_7');
});

test('sends the request at once, even if the promise is not awaited', async () => {
  const { ai, clock, providers } = setUp();
  void ai.chat.completions.create(BODY);
  await clock.advance(0);
  expect(providers.sent).toHaveLength(1);
});

test('can be awaited many times and sends one request', async () => {
  const { ai, providers } = setUp();
  const promise = ai.chat.completions.create(BODY);
  const [one, other, { data, response }] = await Promise.all([promise, promise, promise.withResponse()]);
  expect(other).toBe(one);
  expect(data).toBe(one);
  expect(await promise.asResponse()).toBe(response);
  expect(providers.sent).toHaveLength(1);
});

test('catch and finally choose the parsed answer like then', async () => {
  const { ai } = setUp();
  let finished = false;
  const answer = await ai.chat.completions
    .create(BODY)
    .finally(() => (finished = true))
    .catch(() => undefined);
  expect([answer?.choices.length, finished]).toEqual([1, true]);
});

test('asResponse() gives the final response of a call that was retried and fell back', async () => {
  const { ai, clock, providers } = setUpCanary();
  providers.script('gemini', failed(503), failed(503));
  const raw = await within(clock, 1_000, ai.chat.completions.create(BODY).asResponse());
  expect(raw.status).toBe(200);
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
});

test('asResponse() of a failed call rejects with the SDK’s error', async () => {
  const { ai, clock, providers } = setUp({ client: { maxRetries: 0 } });
  providers.script('openai', failed(503));
  expect(await errorWithin(clock, 0, ai.chat.completions.create(BODY).asResponse())).toBeInstanceOf(
    InternalServerError,
  );
});

test('asResponse() of a stream resolves at its first content, before the rest of the body', async () => {
  const { ai, clock, providers } = setUp();
  providers.script('openai', chatStream(['a', 'b', 'c'], { everyMs: 20_000 }));
  const raw = await within(clock, 20_000, ai.chat.completions.create(STREAM_BODY).asResponse());
  expect(raw.bodyUsed).toBe(false);
  const text = raw.text();
  await clock.advance(200_000);
  expect(await text).toContain('[DONE]');
});

test('withResponse() of a stream gives the stream and its response', async () => {
  const { ai, providers } = setUp();
  providers.script('openai', chatStream(['a', 'b']));
  const { data, response } = await ai.chat.completions.create(STREAM_BODY).withResponse();
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect((await drain(data)).chunks).toHaveLength(3);
});

test('the SDK’s helpers work on the answer of a fallback', async () => {
  const { ai, clock, providers } = setUpCanary({ client: { maxRetries: 0 } });
  providers.script('gemini', failed(503));
  providers.script('openai', chatStream(['Hel', 'lo.']));
  const runner = ai.chat.completions.stream({ model: BODY.model, messages: BODY.messages });
  await clock.advance(0);
  expect(await runner.finalContent()).toBe('Hello.');
  expect(providers.asked).toEqual(['gemini', 'openai']);
});

test('an unhandled failure is one unhandled rejection, as with the SDK alone', async () => {
  const { ai, clock, providers } = setUp({ client: { maxRetries: 0 } });
  providers.script('openai', failed(503));
  const unhandled: unknown[] = [];
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (error) => unhandled.push(error));
  try {
    void ai.chat.completions.create(BODY);
    await clock.advance(0);
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const listener of listeners) process.on('unhandledRejection', listener);
  }
  expect(unhandled).toHaveLength(1);
  expect(unhandled[0]).toBeInstanceOf(InternalServerError);
});
