/** The ledger of one call: `canary.last()`. */

import { expect, test } from 'vitest';
import { CanaryClient } from '../../src/index.ts';
import { BODY, STREAM_BODY, ask, errorWithin, within } from '../support/calls.ts';
import { failed, silent } from '../support/replies.ts';
import { setUpCanary } from '../support/set-up.ts';
import { chatStream } from '../support/stream-replies.ts';

test('finds the attempts of a call by its promise', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { retry: { attempts: 1, minDelay: 0 } } });
  providers.script('gemini', failed(503));
  const promise = ai.chat.completions.create(BODY);
  await within(clock, 0, promise);
  expect(ai.canary.last(promise)?.attempts).toMatchObject([
    { upstream: 'gemini', reason: 'first', outcome: 'failure', kind: 'server', status: 503, delivery: 'rejected' },
    { upstream: 'openai', reason: 'fallback', outcome: 'success', delivery: 'dispatched', cost: { costUsd: 0.00006 } },
  ]);
});

test('finds them by a promise that the SDK derived, by the stream, and by the raw response', async () => {
  const { ai } = setUpCanary();
  const derived = ai.chat.completions.parse(BODY);
  await derived;
  const stream = await ai.chat.completions.create(STREAM_BODY);
  for await (const chunk of stream) void chunk;
  const response = await ai.chat.completions.create(BODY).asResponse();
  await response.text();
  for (const something of [derived, stream, response]) {
    expect(ai.canary.last(something)?.attempts[0]?.upstream).toBe('gemini');
  }
});

test('names the upstream whose answer the caller got, and none for a call that failed', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { retry: { attempts: 1, minDelay: 0 } } });
  providers.script('gemini', failed(503));
  const promise = ai.chat.completions.create(BODY);
  await within(clock, 0, promise);
  expect(ai.canary.last(promise)?.upstream).toBe('openai');
  providers.usually('gemini', failed(503)).usually('openai', failed(503));
  const error = await errorWithin(clock, 60_000, ask(ai));
  expect(ai.canary.last(error)).toMatchObject({ upstream: undefined, attempts: { length: 2 } });
});

test('finds them by the error of the call', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { fallbacks: [], timeouts: { deadline: 500 } } });
  providers.script('gemini', silent());
  const error = await errorWithin(clock, 500, ask(ai));
  expect(ai.canary.last(error)?.attempts).toMatchObject([
    { outcome: 'failure', kind: 'timeout', phase: 'deadline', delivery: 'ambiguous' },
  ]);
});

test('grows while the call is in flight', async () => {
  const { ai } = setUpCanary();
  const promise = ai.chat.completions.create(STREAM_BODY);
  const stream = await promise;
  expect(ai.canary.last(promise)).toMatchObject({ upstream: 'gemini', attempts: [] });
  for await (const chunk of stream) void chunk;
  expect(ai.canary.last(promise)?.attempts).toHaveLength(1);
});

test('marks the usage of a stream that was left early as estimated', async () => {
  const { ai } = setUpCanary();
  const stream = await ai.chat.completions.create(STREAM_BODY);
  for await (const chunk of stream) if (chunk.choices[0]?.finish_reason) break;
  expect(ai.canary.last(stream)?.attempts).toMatchObject([
    {
      outcome: 'success',
      usageEstimated: true,
      usage: { outputTokens: expect.any(Number) },
      cost: { source: 'estimated' },
    },
  ]);
});

test('marks the usage of a cancelled raw stream as estimated', async () => {
  const { ai, clock, providers } = setUpCanary();
  providers.script('gemini', chatStream(['one', ' two', ' three'], { everyMs: 100 }));
  const response = await within(clock, 100, ai.chat.completions.create(STREAM_BODY).asResponse());
  const reader = response.body?.getReader();
  const read = async (): Promise<void> => {
    await reader?.read();
    await reader?.read();
    await reader?.cancel();
  };
  await within(clock, 250, read());
  expect(ai.canary.last(response)?.attempts).toMatchObject([{ outcome: 'aborted', usageEstimated: true }]);
});

test('exists without the canary option', async () => {
  const { providers } = setUpCanary();
  const ai = new CanaryClient({ apiKey: 'test', baseURL: 'https://openai.test/v1', fetch: providers.fetch });
  const promise = ai.chat.completions.create(BODY);
  await promise;
  expect(ai.canary.last(promise)?.attempts).toMatchObject([{ upstream: 'openai', outcome: 'success' }]);
});

test('is undefined for anything but a call', () => {
  const { ai } = setUpCanary();
  for (const something of [undefined, null, 'resp_1', {}, Promise.resolve()]) {
    expect(ai.canary.last(something)).toBeUndefined();
  }
});
