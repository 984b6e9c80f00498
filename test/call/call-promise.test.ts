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

/** A promise as tracing libraries wrap it: `then` is theirs, other members are read with the proxy as `this`. */
function traced<T extends Promise<unknown>>(promise: T): T {
  const own = Promise.resolve(promise);
  own.catch(() => undefined);
  return new Proxy(promise, {
    get(target, name, receiver) {
      if (name === 'then' || name === 'catch' || name === 'finally') return own[name].bind(own);
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
}

test('a promise behind a Proxy gives answer, response and transformed data', async () => {
  const { ai, providers } = setUp();
  providers.script('openai', ...Array.from({ length: 5 }, () => json({ choices: [{ message: { content: 'hi' } }] })));
  const make = () => traced(ai.chat.completions.create(BODY));
  expect((await make()).choices).toHaveLength(1);
  expect((await make().withResponse()).data.choices[0]!.message.content).toBe('hi');
  expect((await make().asResponse()).status).toBe(200);
  expect(await make()._thenUnwrap(({ choices }) => choices.length)).toBe(1);
  const parsed = await traced(ai.chat.completions.parse(BODY)).withResponse();
  expect([parsed.data.choices[0]!.message.parsed, parsed.response.status]).toEqual([null, 200]);
});

test('a failure behind a Proxy rejects what the caller asked for, and no other promise', async () => {
  const { ai, clock, providers } = setUp({ client: { maxRetries: 0 } });
  const unhandled: unknown[] = [];
  const remember = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', remember);
  try {
    for (const member of ['withResponse', 'asResponse'] as const) {
      providers.script('openai', failed(503));
      const asked = traced(ai.chat.completions.create(BODY))[member]();
      expect(await errorWithin(clock, 0, asked)).toBeInstanceOf(InternalServerError);
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', remember);
  }
});

test('each promise has own members, as the SDK’s has', () => {
  const { ai } = setUp();
  const promise = ai.chat.completions.create(BODY);
  for (const name of ['withResponse', 'asResponse', '_thenUnwrap']) expect(Object.hasOwn(promise, name)).toBe(true);
});
