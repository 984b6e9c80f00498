/** Clocks that leap, stand still or are set by the system, and a blocked event loop. */

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CanaryOptions } from '../../src/index.ts';
import { systemClock } from '../../src/time/system-clock.ts';
import { collectEvents, ManualClock, startProvider } from '../../src/testing/index.ts';
import { STREAM_BODY, ask, drain, watch } from '../support/calls.ts';
import { after, chat, failed, silent } from '../support/replies.ts';
import { setUpCanary, type SetUp } from '../support/set-up.ts';
import { chatStream } from '../support/stream-replies.ts';
import { canaryAt } from './support/time/canary-at.ts';
import { expectSane } from './support/time/expect-sane.ts';
import { LeapingClock } from './support/time/leaping-clock.ts';
import { TEXT, VECTORS, WARM_UPS, seeBlock, type Blocked } from './support/time/see-block.ts';

const HOUR_MS = 3_600_000;
const WORDS = ['one ', 'two ', 'three ', 'four ', 'five'];

describe('after a machine slept for an hour', () => {
  test('streams continue where they were', async () => {
    const { ai, clock, providers, events } = setUpCanary();
    providers.usually('gemini', chatStream(WORDS, { everyMs: 1_000 }));
    const streams = Array.from({ length: 50 }, () => ai.chat.completions.create(STREAM_BODY).then(drain));
    await clock.advance(2_500);
    clock.jump(HOUR_MS);
    await clock.advance(60_000);
    for (const { chunks, error } of await Promise.all(streams)) {
      expect(error).toBeUndefined();
      expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(WORDS.join(''));
    }
    expect(events.of('attempt').map(({ outcome }) => outcome)).toEqual(streams.map(() => 'success'));
    expect(events.of('breaker')).toEqual([]);
  });

  test('answers that arrived meanwhile succeed', async () => {
    const { ai, clock, providers, events } = setUpCanary({ upstreams: { gemini: { timeout: '30s' } } });
    providers.usually('gemini', (request) =>
      after(1_000, request.body.stream === true ? chatStream(WORDS) : chat())(request),
    );
    const calls = Array.from({ length: 25 }, () => ask(ai));
    const streams = Array.from({ length: 25 }, () => ai.chat.completions.create(STREAM_BODY).then(drain));
    await clock.advance(500);
    clock.jump(HOUR_MS);
    await clock.advance(1_000);
    await Promise.all(calls);
    for (const { error } of await Promise.all(streams)) expect(error).toBeUndefined();
    expect(providers.asked).toEqual(Array.from({ length: 50 }, () => 'gemini'));
    expect(events.of('breaker')).toEqual([]);
  });

  test('a silent upstream still times out', async () => {
    const { ai, clock, providers, events } = setUpCanary({
      upstreams: { gemini: { timeout: '30s' } },
      canary: { timeouts: { deadline: '1d' } },
    });
    providers.usually('gemini', silent());
    const call = watch(ask(ai));
    await clock.advance(500);
    clock.jump(HOUR_MS);
    await clock.advance(30_000);
    expect(call.now.state).toBe('resolved');
    expect(events.of('attempt')).toMatchObject([{ outcome: 'failure', kind: 'timeout' }, { outcome: 'success' }]);
  });

  test('an open breaker lets one probe through, and closes after enough successful probes', async () => {
    const set = setUpCanary({ canary: { retry: { attempts: 1 }, breaker: { consecutive: 3, probes: 3 } } });
    await open(set);
    set.clock.jump(HOUR_MS);
    expect(breakerOf(set)).toEqual({ state: 'halfOpen', successes: 0 });
    for (let probe = 1; probe <= 3; probe += 1) {
      set.providers.sent.length = 0;
      set.providers.script('gemini', after(100, chat()));
      const both = Promise.all([ask(set.ai), ask(set.ai)]);
      await set.clock.advance(200);
      await both;
      expect(set.providers.asked.toSorted()).toEqual(['gemini', 'openai']);
    }
    expect(breakerOf(set)).toEqual({ state: 'closed' });
  });

  test('a probe that was in flight releases its place', async () => {
    const set = setUpCanary({
      upstreams: { gemini: { timeout: '30s' } },
      canary: { retry: { attempts: 1 }, breaker: { consecutive: 3, probes: 1 } },
    });
    await open(set);
    await set.clock.advance(10_000);
    set.providers.script('gemini', silent());
    const probe = watch(ask(set.ai));
    await set.clock.advance(0);
    set.clock.jump(HOUR_MS);
    await ask(set.ai);
    expect(breakerOf(set)).toEqual({ state: 'closed' });
    await set.clock.advance(30_000);
    expect(probe.now.state).not.toBe('pending');
    expect(breakerOf(set)).toEqual({ state: 'closed' });
  });

  test('the time asleep does not lengthen the next open period of a breaker', async () => {
    const set = setUpCanary({ canary: { retry: { attempts: 1 }, breaker: { consecutive: 3 } } });
    await open(set);
    set.clock.jump(HOUR_MS);
    set.providers.script('gemini', failed(503));
    await ask(set.ai);
    expect(breakerOf(set)).toEqual({ state: 'open', untilMs: set.clock.now() + 10_000 });
  });

  test('a paused upstream gets calls again', async () => {
    const { ai, clock, providers } = setUpCanary();
    providers.script('gemini', failed(429, {}, { 'retry-after': '60' }));
    await ask(ai);
    clock.jump(HOUR_MS);
    await ask(ai);
    expect(providers.asked).toEqual(['gemini', 'openai', 'gemini']);
  });

  test('windows are empty, and their metrics are valid', async () => {
    const { ai, clock, providers } = setUpCanary();
    for (let call = 0; call < 30; call += 1) await ask(ai);
    expectSane(ai.canary.snapshot());
    providers.script('gemini', after(1_000, chat()));
    const sleeping = ask(ai);
    await clock.advance(0);
    clock.jump(HOUR_MS);
    expectSane(ai.canary.snapshot());
    expect(ai.canary.snapshot()).toMatchObject({ calls: 0, failureRate: null, upstreams: { gemini: { attempts: 0 } } });
    await clock.advance(0);
    await sleeping;
    expectSane(ai.canary.snapshot());
    expect(ai.canary.snapshot()).toMatchObject({ calls: 1, successes: 1, failures: 0 });
    expect(ai.canary.costs().total).toMatchObject({ attempts: 31, inputTokens: 310, outputTokens: 155 });
  });

  test.each([0, 10_000, HOUR_MS, 1_000 * HOUR_MS])('after %i ms the retry budget is at most full', async (sleptMs) => {
    const { ai, clock, providers } = setUpCanary({ canary: { breaker: false, retry: { budget: 0.1 } } });
    clock.jump(sleptMs);
    providers.usually('gemini', failed(503));
    const calls = Promise.allSettled(Array.from({ length: 40 }, () => ask(ai)));
    await clock.advance(600);
    await calls;
    // Ten retries at once. Less than a second has passed since, so there is no further one: the other calls go straight to the next upstream.
    expect(askedTimes(providers.asked)).toEqual({ gemini: 40 + 10, openai: 40 });
  });

  test('an alert does not fire because of the sleep, only because of later evidence', async () => {
    const rule = {
      name: 'errors',
      metric: 'errorRate',
      upstream: 'gemini',
      above: 0.1,
      for: '2m',
      minCalls: 5,
    } as const;
    const { ai, clock, providers, events } = setUpCanary({ canary: { breaker: false, window: '1h', alerts: [rule] } });
    providers.usually('gemini', failed(400));
    providers.script('gemini', ...Array.from({ length: 6 }, () => failed(500, {}, { 'x-should-retry': 'false' })));
    for (let call = 0; call < 6; call += 1) await ask(ai);
    await clock.advance(2_000);
    clock.jump(HOUR_MS / 2);
    await clock.advance(2_000);
    expect(events.of('alert')).toEqual([]);
    await clock.advance(120_000);
    expect(events.of('alert')).toMatchObject([{ name: 'errors', state: 'firing' }]);
  });

  test('a firing alert resolves when its evidence has left the window', async () => {
    const rule = { name: 'errors', metric: 'errorRate', upstream: 'gemini', above: 0.1, minCalls: 5 } as const;
    const { ai, clock, providers, events } = setUpCanary({ canary: { breaker: false, alerts: [rule] } });
    providers.script('gemini', ...Array.from({ length: 6 }, () => failed(500, {}, { 'x-should-retry': 'false' })));
    for (let call = 0; call < 6; call += 1) await ask(ai);
    await clock.advance(1_000);
    clock.jump(HOUR_MS);
    await clock.advance(1_000);
    expect(events.of('alert')).toMatchObject([{ state: 'firing' }, { state: 'resolved', value: null }]);
  });
});

describe('with a clock that stands still and then leaps', () => {
  const still = (canary: CanaryOptions = {}): SetUp & { readonly leaping: LeapingClock } => {
    const timers = new ManualClock();
    const leaping = new LeapingClock(timers);
    const set = setUpCanary({ canary: { clock: leaping, retry: { attempts: 1 }, ...canary } });
    return { ...set, clock: timers, leaping };
  };

  test('calls, retries and streams are not affected', async () => {
    const { ai, clock, providers, leaping, events } = still();
    leaping.standStill();
    providers.script('gemini', failed(503), chat(), chatStream(WORDS));
    const answer = ask(ai);
    await clock.advance(1_000);
    expect((await answer).choices[0]?.message.content).toBe('Hello.');
    expect((await ai.chat.completions.create(STREAM_BODY).then(drain)).error).toBeUndefined();
    for (const { latencyMs } of events.of('attempt')) expect(latencyMs).toBe(0);
    for (const { latencyMs } of events.of('call')) expect(latencyMs).toBe(0);
    expectSane(ai.canary.snapshot());
    leaping.leap(HOUR_MS);
    expectSane(ai.canary.snapshot());
    expect(ai.canary.snapshot().calls).toBe(0);
  });

  test('a stream whose chunks have arrived does not time out', async () => {
    const { ai, clock, providers, leaping } = still({ timeouts: { idle: '30s', firstChunk: '30s' } });
    leaping.standStill();
    providers.script('gemini', chatStream(WORDS));
    const stream = await ai.chat.completions.create(STREAM_BODY);
    const reading = stream[Symbol.asyncIterator]();
    await reading.next();
    leaping.leap(HOUR_MS);
    await clock.advance(30_000);
    const rest = await drain({ [Symbol.asyncIterator]: () => reading });
    expect(rest.error).toBeUndefined();
  });

  test('an open breaker stays open while the clock stands, and lets a probe through after the leap', async () => {
    const set = still({ breaker: { consecutive: 3, probes: 1 } });
    set.leaping.standStill();
    await open(set);
    await set.clock.advance(HOUR_MS);
    set.providers.sent.length = 0;
    for (let call = 0; call < 20; call += 1) await ask(set.ai);
    expect(set.providers.asked).toEqual(Array.from({ length: 20 }, () => 'openai'));
    expect(breakerOf(set).state).toBe('open');
    set.leaping.leap(0);
    expect(breakerOf(set)).toEqual({ state: 'halfOpen', successes: 0 });
    await ask(set.ai);
    expect(breakerOf(set)).toEqual({ state: 'closed' });
  });

  test('the retry budget is not refilled while the clock stands', async () => {
    const { ai, clock, providers, leaping } = still({ breaker: false, retry: { budget: 0.1 } });
    leaping.standStill();
    providers.usually('gemini', failed(503));
    for (let round = 0; round < 2; round += 1) {
      providers.sent.length = 0;
      const calls = Promise.allSettled(Array.from({ length: 40 }, () => ask(ai)));
      await clock.advance(HOUR_MS);
      await calls;
      // Forty calls add four retries to the budget; the first ten were in it at the start.
      expect(askedTimes(providers.asked)).toEqual({ gemini: round === 0 ? 50 : 44, openai: 40 });
    }
  });
});

describe('setting the system time', () => {
  afterEach(() => void vi.restoreAllMocks());

  test.each([-10 * 365 * 24 * HOUR_MS, -HOUR_MS, HOUR_MS])('by %i ms does not change the clock', (byMs) => {
    const before = systemClock.now();
    const real = Date.now();
    vi.spyOn(Date, 'now').mockReturnValue(real + byMs);
    const passedMs = systemClock.now() - before;
    expect(passedMs).toBeGreaterThanOrEqual(0);
    expect(passedMs).toBeLessThan(5_000);
  });

  test.each([-HOUR_MS, HOUR_MS])('by %i ms in the middle of calls does not affect them', async (byMs) => {
    await using provider = await startProvider({ answer: WORDS.join(''), latencyMs: 20, chunkDelayMs: 10 });
    const ai = canaryAt(provider.url, { timeouts: { deadline: '20s', firstChunk: '10s', idle: '10s' } });
    using events = collectEvents(ai, ['attempt', 'breaker']);
    const streams = Array.from({ length: 10 }, () => ai.chat.completions.create(STREAM_BODY).then(drain));
    await delay(60);
    const real = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => real + byMs);
    for (const { error } of await Promise.all(streams)) expect(error).toBeUndefined();
    await ask(ai);
    expect(events.of('attempt')).toHaveLength(11);
    for (const { outcome, latencyMs } of events.of('attempt')) {
      expect(outcome).toBe('success');
      expect(latencyMs).toBeGreaterThan(0);
      expect(latencyMs).toBeLessThan(10_000);
    }
    expectSane(ai.canary.snapshot());
    expect(events.of('breaker')).toEqual([]);
  });
});

describe('after the event loop was blocked for two seconds, with time-outs of one second', () => {
  let seen: Blocked;

  beforeAll(async () => {
    seen = await seeBlock();
  });

  test('streams that started meanwhile are whole', () => {
    expect(seen.begun).toEqual(Array.from({ length: 30 }, () => ({ text: TEXT, error: undefined })));
  });

  test('streams in progress do not time out', () => {
    expect(seen.midway).toEqual(Array.from({ length: 30 }, () => ({ text: TEXT, error: undefined })));
  });

  test('answers of an upstream with its own time-out succeed', () => {
    expect(seen.whole).toEqual(Array.from({ length: 30 }, () => TEXT));
  });

  test('answers with long bodies succeed', () => {
    expect(seen.long).toEqual(Array.from({ length: 10 }, () => VECTORS));
  });

  test('a deadline that passed during the block does not discard an answer that had arrived', () => {
    expect(seen.deadline).toEqual(Array.from({ length: 20 }, () => TEXT));
  });

  test('no attempt failed or was repeated', () => {
    expect(seen.attempts).toEqual(Array.from({ length: 120 + WARM_UPS }, () => 'success'));
  });

  test('an upstream that stayed silent times out', () => {
    expect(seen.silent).toEqual(Array.from({ length: 5 }, () => 'UPSTREAM_TIMEOUT'));
  });
});

/** Opens the breaker of `gemini`, which needs three failures. */
async function open({ ai, providers }: SetUp): Promise<void> {
  for (let call = 0; call < 3; call += 1) {
    providers.script('gemini', failed(500, {}, { 'x-should-retry': 'false' }));
    await ask(ai);
  }
}

/** How often each upstream was asked. */
function askedTimes(asked: readonly string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(asked, (name) => name)].map(([name, times]) => [name, times.length]));
}

function breakerOf({ ai }: SetUp) {
  return ai.canary.snapshot().upstreams['gemini']!.breaker;
}
