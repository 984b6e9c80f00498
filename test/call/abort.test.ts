/** A caller that aborts, in each phase of a call. */

import { getEventListeners } from 'node:events';
import { APIUserAbortError } from 'openai';
import { expect, test } from 'vitest';
import { BODY, STREAM_BODY, ask, drain, errorWithin, within } from '../support/calls.ts';
import { failed, silent } from '../support/replies.ts';
import { setUpCanary, type SetUp } from '../support/set-up.ts';
import { chatStream } from '../support/stream-replies.ts';

/** Every way to abort. The abort reason must not matter. */
const REASONS = [
  { name: 'without a reason', reason: undefined },
  { name: 'for a reason of the caller’s', reason: new Error('The user closed the page.') },
  { name: 'by AbortSignal.timeout', reason: new DOMException('Too slow.', 'TimeoutError') },
  { name: 'for a reason that is no error', reason: 'closed' },
] as const;

const setUpStrict = (): SetUp => setUpCanary({ canary: { breaker: { consecutive: 1 }, timeouts: { deadline: '1m' } } });

/** All that is recorded and emitted for calls. */
function recordedBy({ ai, events }: SetUp): object {
  const { upstreams, successes, failures } = ai.canary.snapshot();
  const { gemini, openai } = upstreams;
  return {
    calls: { successes, failures },
    gemini: [gemini!.aborted, gemini!.successes, gemini!.failures, gemini!.neutral],
    openai: [openai!.aborted, openai!.attempts],
    emitted: events.all.map(({ name, payload }) => [name, 'outcome' in payload && payload.outcome]),
  };
}

const ONE_ABORTED_ATTEMPT = {
  calls: { successes: 0, failures: 0 },
  gemini: [1, 0, 0, 0],
  openai: [0, 0],
  emitted: [
    ['attempt', 'aborted'],
    ['call', 'aborted'],
  ],
};

test('sends nothing if the call was aborted before it began', async () => {
  const set = setUpStrict();
  const error = await errorWithin(set.clock, 0, ask(set.ai, { signal: AbortSignal.abort() }));
  expect(error).toBeInstanceOf(APIUserAbortError);
  expect(set.providers.sent).toEqual([]);
  expect(recordedBy(set)).toEqual(ONE_ABORTED_ATTEMPT);
});

test.each(REASONS)('ends a call that is aborted $name while it waits for an answer', async ({ reason }) => {
  const set = setUpStrict();
  set.providers.script('gemini', silent());
  const caller = new AbortController();
  const call = ask(set.ai, { signal: caller.signal });
  call.catch(() => undefined);
  await set.clock.advance(100);
  caller.abort(reason);
  expect(await errorWithin(set.clock, 60_000, call)).toBeInstanceOf(APIUserAbortError);
  expect(set.providers.asked).toEqual(['gemini']);
  expect(recordedBy(set)).toEqual(ONE_ABORTED_ATTEMPT);
});

test.each(REASONS)('ends a call that is aborted $name while its body is read', async ({ reason }) => {
  const set = setUpStrict();
  set.providers.script('gemini', ({ signal }) => {
    const body = new ReadableStream({
      start: (controller) => signal?.addEventListener('abort', () => controller.error(signal.reason)),
    });
    return new Response(body, { headers: { 'content-type': 'application/json' } });
  });
  const caller = new AbortController();
  const call = ask(set.ai, { signal: caller.signal });
  call.catch(() => undefined);
  await set.clock.advance(100);
  caller.abort(reason);
  await expect(errorWithin(set.clock, 60_000, call)).resolves.toBeDefined();
  expect(set.providers.asked).toEqual(['gemini']);
  expect(recordedBy(set)).toEqual(ONE_ABORTED_ATTEMPT);
});

test.each(REASONS)('does not retry a call that is aborted $name during the back-off', async ({ reason }) => {
  const set = setUpCanary({ canary: { random: () => 0.99 } });
  set.providers.script('gemini', failed(503));
  const caller = new AbortController();
  const call = ask(set.ai, { signal: caller.signal });
  call.catch(() => undefined);
  await set.clock.advance(100);
  expect(set.events.of('retry')).toHaveLength(1);
  caller.abort(reason);
  expect(await errorWithin(set.clock, 60_000, call)).toBeInstanceOf(APIUserAbortError);
  expect(set.providers.asked).toEqual(['gemini']);
  expect(set.events.of('fallback')).toEqual([]);
  expect(set.events.of('attempt')).toMatchObject([{ outcome: 'failure', kind: 'server' }]);
  expect(set.events.of('call')).toMatchObject([{ outcome: 'aborted', kind: undefined, attempts: 1, latencyMs: 100 }]);
  expect(set.clock.pendingTimers).toBe(0);
});

test.each(REASONS)('ends a stream that is aborted $name midway', async ({ reason }) => {
  const set = setUpStrict();
  set.providers.script('gemini', chatStream(['one', 'two', 'three'], { everyMs: 100 }));
  const caller = new AbortController();
  const promise = set.ai.chat.completions.create(STREAM_BODY, { signal: caller.signal }).then(drain);
  await set.clock.advance(150);
  caller.abort(reason);
  await set.clock.advance(60_000);
  const { chunks } = await promise;
  expect(chunks).toHaveLength(1);
  expect(set.providers.asked).toEqual(['gemini']);
  expect(recordedBy(set)).toEqual(ONE_ABORTED_ATTEMPT);
});

test('breaking out of a stream aborts it', async () => {
  const set = setUpStrict();
  set.providers.script('gemini', chatStream(['one', 'two', 'three']));
  for await (const chunk of await set.ai.chat.completions.create(STREAM_BODY)) {
    if (chunk.choices.length > 0) break;
  }
  expect(recordedBy(set)).toEqual(ONE_ABORTED_ATTEMPT);
});

test('the controller of a stream aborts it', async () => {
  const set = setUpStrict();
  set.providers.script('gemini', chatStream(['one', 'two', 'three']));
  const stream = await set.ai.chat.completions.create(STREAM_BODY);
  stream.controller.abort();
  await drain(stream);
  expect(recordedBy(set)).toEqual(ONE_ABORTED_ATTEMPT);
});

test('an aborted breaker probe makes room for the next call', async () => {
  const { ai, clock, providers } = setUpCanary({
    canary: { breaker: { consecutive: 1, probes: 1 } },
    client: { maxRetries: 0 },
  });
  providers.script('gemini', failed(503), silent());
  await ask(ai);
  await clock.advance(10_000);
  const caller = new AbortController();
  const probe = ask(ai, { signal: caller.signal });
  probe.catch(() => undefined);
  await clock.advance(0);
  caller.abort();
  await errorWithin(clock, 0, probe);
  await ask(ai);
  expect(providers.asked).toEqual(['gemini', 'openai', 'gemini', 'gemini']);
  expect(ai.canary.snapshot().upstreams['gemini']!.breaker.state).toBe('closed');
});

test('aborting one call does not affect the others', async () => {
  const { ai, clock, providers } = setUpCanary();
  providers.script('gemini', silent());
  const caller = new AbortController();
  const aborted = ask(ai, { signal: caller.signal });
  aborted.catch(() => undefined);
  const other = ai.chat.completions.create(BODY);
  await clock.advance(0);
  caller.abort();
  await errorWithin(clock, 0, aborted);
  expect((await other).choices[0]?.message.content).toBe('Hello.');
});

test('leaves no listener on a signal that outlives its calls', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { timeouts: { deadline: '1m' } } });
  const { signal } = new AbortController();
  for (let call = 0; call < 20; call++) {
    providers.script('gemini', failed(503), chatStream(['Hi']));
    await within(clock, 1_000, ai.chat.completions.create(STREAM_BODY, { signal }).then(drain));
  }
  await within(clock, 0, ask(ai, { signal }));
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
