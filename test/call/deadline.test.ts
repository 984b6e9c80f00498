/** Time limits of an attempt and of a whole call. */

import { APIConnectionTimeoutError, InternalServerError } from 'openai';
import { expect, test } from 'vitest';
import { DeadlineError } from '../../src/index.ts';
import { ask, errorWithin, watch, within } from '../support/calls.ts';
import { after, chat, failed, silent } from '../support/replies.ts';
import { setUp, setUpCanary, type SetUp } from '../support/set-up.ts';

const START_MS = Date.UTC(2026, 0, 1);

test('falls back from a silent upstream without a retry', async () => {
  const { ai, clock, providers, events } = setUpCanary({ upstreams: { gemini: { timeout: '2s' } } });
  providers.script('gemini', silent());
  await within(clock, 2_000, ask(ai));
  expect(providers.sent.map(({ provider, atMs }) => [provider, atMs - START_MS])).toEqual([
    ['gemini', 0],
    ['openai', 2_000],
  ]);
  expect(events.of('attempt')).toMatchObject([
    { upstream: 'gemini', outcome: 'failure', kind: 'timeout', latencyMs: 2_000 },
    { upstream: 'openai', outcome: 'success', reason: 'fallback' },
  ]);
});

test('rejects with the SDK’s time-out error if a silent upstream is the only one', async () => {
  const { ai, clock, providers } = setUpCanary({
    upstreams: { gemini: { timeout: '2s' } },
    canary: { fallbacks: [] },
    client: { maxRetries: 0 },
  });
  providers.script('gemini', silent());
  expect(await errorWithin(clock, 2_000, ask(ai))).toBeInstanceOf(APIConnectionTimeoutError);
  await clock.advance(60_000);
  expect(providers.sent).toHaveLength(1);
});

test('counts a silent upstream as a failure for the breaker', async () => {
  const { ai, clock, providers, events } = setUpCanary({
    upstreams: { gemini: { timeout: '2s' } },
    canary: { breaker: { consecutive: 1 } },
  });
  providers.script('gemini', silent());
  await within(clock, 2_000, ask(ai));
  expect(events.of('breaker')).toMatchObject([{ upstream: 'gemini', to: 'open' }]);
});

test('the time-out of an attempt covers its body', async () => {
  const { ai, clock, providers } = setUpCanary({ upstreams: { gemini: { timeout: '2s' } } });
  const body = new ReadableStream({ pull: () => new Promise(() => undefined) });
  providers.script('gemini', ({ signal }) => {
    const stalled = body.pipeThrough(new TransformStream(), signal ? { signal } : {});
    return new Response(stalled, { headers: { 'content-type': 'application/json' } });
  });
  await within(clock, 2_000, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai']);
});

test('does not time out an answer that the caller collects late', async () => {
  const { ai, clock, providers } = setUpCanary({ upstreams: { gemini: { timeout: '2s' } } });
  const promise = ai.chat.completions.create({ model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hi' }] });
  await clock.advance(3_000);
  await within(clock, 0, promise);
  expect(providers.asked).toEqual(['gemini']);
});

test('ends a call at its deadline with an error that names it', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { timeouts: { deadline: '5s' } } });
  providers.script('gemini', silent());
  const call = watch(ask(ai));
  await clock.advance(4_999);
  expect(call.now.state).toBe('pending');
  await clock.advance(1);
  expect(call.now).toMatchObject({ state: 'rejected', error: { code: 'DEADLINE', deadlineMs: 5_000 } });
  expect(call.now.state === 'rejected' && call.now.error).toBeInstanceOf(DeadlineError);
  expect(providers.asked).toEqual(['gemini']);
});

test('the cause of the deadline error is the failure before it', async () => {
  const { ai, clock, providers } = setUpCanary({
    client: { maxRetries: 0 },
    canary: { timeouts: { deadline: '5s' } },
  });
  providers.script('gemini', failed(503));
  providers.script('openai', silent());
  const error = await errorWithin(clock, 5_000, ask(ai));
  expect(error).toBeInstanceOf(DeadlineError);
  expect((error as DeadlineError).cause).toBeInstanceOf(InternalServerError);
});

test('the deadline covers retries and fallbacks', async () => {
  const { ai, clock, providers } = setUpCanary({
    client: { maxRetries: 0 },
    canary: { timeouts: { deadline: '5s' } },
  });
  providers.script('gemini', after(4_000, failed(503)));
  providers.script('openai', after(1_500, chat()));
  expect(await errorWithin(clock, 5_000, ask(ai))).toBeInstanceOf(DeadlineError);
});

test('accepts an answer just before the deadline', async () => {
  const { ai, clock, providers } = setUp({ canary: { timeouts: { deadline: '5s' } } });
  providers.script('openai', after(4_999, chat('Late.')));
  const answer = await within(clock, 5_000, ask(ai));
  expect(answer.choices[0]?.message.content).toBe('Late.');
});

test('rejects at once if the back-off would end after the deadline', async () => {
  const { ai, clock, providers } = setUp({
    canary: { timeouts: { deadline: '1s' }, retry: { minDelay: '4s', maxDelay: '4s' }, random: () => 0.9 },
  });
  providers.script('openai', failed(503));
  expect(await errorWithin(clock, 0, ask(ai))).toBeInstanceOf(InternalServerError);
  expect(providers.sent).toHaveLength(1);
});

test('leaves no timer after a call', async () => {
  const { ai, clock, providers } = setUpCanary({
    upstreams: { gemini: { timeout: '2s' } },
    canary: { timeouts: { deadline: '5s' } },
  });
  providers.script('gemini', failed(503), silent());
  await within(clock, 4_000, ask(ai));
  expect(clock.pendingTimers).toBe(0);
});

test('the default deadline does not apply to a running stream', async () => {
  const begun = async ({ ai, clock }: SetUp): Promise<boolean> => {
    const stream = await within(clock, 0, ai.chat.completions.create({ model: 'm', messages: [], stream: true }));
    await clock.advance(600_001);
    return stream.controller.signal.aborted;
  };
  expect(await begun(setUp())).toBe(false);
  expect(await begun(setUp({ canary: { timeouts: { deadline: '10m' } } }))).toBe(true);
});
