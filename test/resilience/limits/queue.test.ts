/** The queue of a full upstream. */

import { APIUserAbortError } from 'openai';
import { expect, test } from 'vitest';
import { DeadlineError, RateLimitedError, type LimitsOptions } from '../../../src/index.ts';
import { BODY, ask, watch, within } from '../../support/calls.ts';
import { chat, failed } from '../../support/replies.ts';
import { setUp, setUpCanary, type SetUp } from '../../support/set-up.ts';

const START_MS = Date.UTC(2026, 0, 1);

/** The only upstream takes a second for each answer. */
function oneAtATime(queue: LimitsOptions['queue'], limits: LimitsOptions = { concurrency: 1 }): SetUp {
  const world = setUp({ canary: { limits: { openai: { ...limits, queue } } } });
  world.providers.usually('openai', async (request) => {
    await request.wait(1_000);
    return chat()(request);
  });
  return world;
}

/** Calls that differ by their model. */
function askFor(ai: SetUp['ai'], model: string, maxTokens = 10, signal?: AbortSignal) {
  return ai.chat.completions.create({ ...BODY, model, max_tokens: maxTokens }, { signal });
}

const modelsOf = ({ providers }: SetUp): unknown[] => providers.sent.map(({ body }) => body['model']);

test('calls get slots in the order in which they arrived', async () => {
  const world = oneAtATime({});
  const calls = ['a', 'b', 'c', 'd'].map((model) => watch(askFor(world.ai, model)));
  await world.clock.advance(4_000);
  expect(calls.map(({ now }) => now.state)).toEqual(['resolved', 'resolved', 'resolved', 'resolved']);
  expect(modelsOf(world)).toEqual(['a', 'b', 'c', 'd']);
  expect(world.providers.sent.map(({ atMs }) => atMs - START_MS)).toEqual([0, 1_000, 2_000, 3_000]);
});

test('a call that would fit does not overtake a waiting one', async () => {
  const world = oneAtATime({}, { tpm: 1_000 });
  const calls = [
    watch(askFor(world.ai, 'first', 600)),
    watch(askFor(world.ai, 'large', 600)),
    watch(askFor(world.ai, 'small', 10)),
  ];
  await world.clock.advance(0);
  expect(modelsOf(world)).toEqual(['first']);
  await world.clock.advance(2_000);
  expect(calls.map(({ now }) => now.state)).toEqual(['resolved', 'resolved', 'resolved']);
  expect(modelsOf(world)).toEqual(['first', 'large', 'small']);
});

test('a call waits until its limit allows it, and no longer', async () => {
  const world = oneAtATime({ maxWait: '5m' }, { rpm: 1 });
  const calls = ['a', 'b', 'c'].map((model) => watch(askFor(world.ai, model)));
  await world.clock.advance(126_000);
  expect(calls.map(({ now }) => now.state)).toEqual(['resolved', 'resolved', 'resolved']);
  expect(world.providers.sent.map(({ atMs }) => atMs - START_MS)).toEqual([0, 62_000, 124_000]);
});

test('a call fails after maxWait, and the calls behind it stay queued', async () => {
  const world = oneAtATime({ maxWait: '1500ms' });
  const calls = ['a', 'b', 'c'].map((model) => watch(askFor(world.ai, model)));
  await world.clock.advance(1_499);
  expect(calls[2]!.now.state).toBe('pending');
  await world.clock.advance(1);
  expect(calls[2]!.now).toMatchObject({ state: 'rejected', error: expect.any(RateLimitedError) });
  await world.clock.advance(500);
  expect(calls[1]!.now.state).toBe('resolved');
});

test('a call does not join a full queue', async () => {
  const world = oneAtATime({ maxLength: 1 });
  const calls = ['a', 'b', 'c'].map((model) => watch(askFor(world.ai, model)));
  await world.clock.advance(0);
  expect(calls.map(({ now }) => now.state)).toEqual(['pending', 'pending', 'rejected']);
  expect(world.ai.canary.explain().skipped).toEqual([{ upstream: 'openai', reason: 'limit' }]);
});

test('an aborted call leaves the queue at once and takes no slot', async () => {
  const world = oneAtATime({});
  const controller = new AbortController();
  const calls = [
    watch(askFor(world.ai, 'a')),
    watch(askFor(world.ai, 'b', 10, controller.signal)),
    watch(askFor(world.ai, 'c')),
  ];
  await world.clock.advance(10);
  controller.abort();
  await world.clock.advance(0);
  expect(calls[1]!.now).toMatchObject({ state: 'rejected', error: expect.any(APIUserAbortError) });
  await world.clock.advance(2_000);
  expect(calls[2]!.now.state).toBe('resolved');
  expect(modelsOf(world)).toEqual(['a', 'c']);
  expect(world.events.of('call').map(({ outcome }) => outcome)).toEqual(['aborted', 'success', 'success']);
});

test('a call waits no longer than its deadline', async () => {
  const { ai, clock, providers } = setUp({
    canary: { limits: { openai: { rpm: 1, queue: {} } }, timeouts: { deadline: '10s' } },
  });
  await within(clock, 0, ask(ai));
  const call = watch(ask(ai));
  await clock.advance(9_999);
  expect(call.now.state).toBe('pending');
  await clock.advance(1);
  expect(call.now).toMatchObject({ state: 'rejected', error: expect.any(DeadlineError) });
  expect(providers.sent).toHaveLength(1);
});

test('time in the queue counts towards the deadline of the call', async () => {
  const { ai, clock, providers } = setUp({
    canary: { limits: { openai: { rpm: 1, queue: { maxWait: '5m' } } }, timeouts: { deadline: '10m' } },
    client: { timeout: 100_000, maxRetries: 0 },
  });
  await within(clock, 0, ask(ai));
  providers.script('openai', async (request) => {
    await request.wait(Infinity);
    return chat()(request);
  });
  const call = watch(ask(ai));
  await clock.advance(600_000);
  expect(call.now).toMatchObject({ state: 'rejected', error: expect.any(DeadlineError) });
});

test('a call falls back when the queue gives no slot within maxWait', async () => {
  const { ai, clock, providers, events } = setUpCanary({
    canary: { limits: { gemini: { rpm: 1, queue: { maxWait: '5s' } } } },
  });
  await within(clock, 0, ask(ai));
  const call = watch(ask(ai));
  await clock.advance(4_999);
  expect(providers.asked).toEqual(['gemini']);
  await clock.advance(1);
  expect(call.now.state).toBe('resolved');
  expect(providers.asked).toEqual(['gemini', 'openai']);
  expect(events.of('fallback')).toMatchObject([{ reason: 'limit' }]);
});

test('a call waits in the queue of a fallback', async () => {
  const { ai, clock, providers } = setUpCanary({
    canary: { limits: { openai: { rpm: 1, queue: { maxWait: '2m' } } } },
    client: { maxRetries: 0 },
  });
  providers.usually('gemini', failed(500));
  await within(clock, 0, ask(ai));
  const call = watch(ask(ai));
  await clock.advance(62_000);
  expect(call.now.state).toBe('resolved');
  expect(providers.asked).toEqual(['gemini', 'openai', 'gemini', 'openai']);
});

test('a retry waits in the queue as well', async () => {
  const { ai, clock, providers } = oneAtATime({ maxWait: '2m' }, { rpm: 1 });
  providers.script('openai', failed(500));
  const retried = watch(ask(ai));
  await clock.advance(70_000);
  expect(retried.now.state).toBe('resolved');
  expect(providers.sent.map(({ atMs }) => atMs - START_MS)).toEqual([0, 62_000]);
});

test('no timer is left when the queue is empty', async () => {
  const world = oneAtATime({});
  const before = world.clock.pendingTimers;
  const calls = ['a', 'b', 'c'].map((model) => watch(askFor(world.ai, model)));
  await world.clock.advance(5_000);
  expect(calls.map(({ now }) => now.state)).toEqual(['resolved', 'resolved', 'resolved']);
  expect(world.clock.pendingTimers).toBe(before);
});
