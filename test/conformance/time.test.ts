/** Time that leaps, that stands still, that the system sets anew, or that a blocked event loop did not notice. */

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CanaryOptions } from '../../src/index.ts';
import { systemClock } from '../../src/time/system-clock.ts';
import { collectEvents, ManualClock, startProvider } from '../../src/testing/index.ts';
import { STREAM_BODY, ask, drain, watch } from '../support/calls.ts';
import { after, chat, failed, silent } from '../support/replies.ts';
import { setUp, setUpCanary, type SetUp } from '../support/set-up.ts';
import { chatStream } from '../support/stream-replies.ts';
import { canaryAt } from './support/time/canary-at.ts';
import { expectSane } from './support/time/expect-sane.ts';
import { LeapingClock } from './support/time/leaping-clock.ts';
import { TEXT, VECTORS, WARM_UPS, seeBlock, type Blocked } from './support/time/see-block.ts';

const HOUR_MS = 3_600_000;
const WORDS = ['one ', 'two ', 'three ', 'four ', 'five'];

describe('a machine that slept for an hour', () => {
  test('streams go on where they were', async () => {
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

  test('answers that came meanwhile are answers', async () => {
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

  test('a silent upstream is still noticed', async () => {
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

  test('an open breaker lets one probe through, and closes after as many as it needs', async () => {
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

  test('a probe that slept with it does not hold its place for ever', async () => {
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

  test('a breaker opens no longer for it', async () => {
    const set = setUpCanary({ canary: { retry: { attempts: 1 }, breaker: { consecutive: 3, openFor: '10s' } } });
    await open(set);
    set.clock.jump(HOUR_MS);
    set.providers.script('gemini', failed(503));
    await ask(set.ai);
    expect(breakerOf(set)).toEqual({ state: 'open', untilMs: set.clock.now() + 20_000 });
  });

  test('a paused upstream is asked again', async () => {
    const { ai, clock, providers } = setUpCanary();
    providers.script('gemini', failed(429, {}, { 'retry-after': '60' }));
    await ask(ai);
    clock.jump(HOUR_MS);
    await ask(ai);
    expect(providers.asked).toEqual(['gemini', 'openai', 'gemini']);
  });

  test('windows are empty, and their numbers numbers', async () => {
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

  test.each([0, 10_000, HOUR_MS, 1_000 * HOUR_MS])(
    'after %i ms the budget of retries is full at the most',
    async (sleptMs) => {
      const { ai, clock, providers } = setUp({ canary: { breaker: false, retry: { budget: 0.1 } } });
      clock.jump(sleptMs);
      providers.usually('openai', failed(503));
      const calls = Promise.allSettled(Array.from({ length: 40 }, () => ask(ai)));
      await clock.advance(600);
      await calls;
      // Ten at once; less than a second has passed since, which would give one more.
      expect(providers.sent).toHaveLength(40 + 10);
    },
  );

  test('an alert does not fire by it, only by what is seen after it', async () => {
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

  test('an alert that fires resolves when nothing is left of its evidence', async () => {
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

describe('a clock that stands still, and then leaps', () => {
  const still = (canary: CanaryOptions = {}): SetUp & { readonly leaping: LeapingClock } => {
    const timers = new ManualClock();
    const leaping = new LeapingClock(timers);
    const set = setUpCanary({ canary: { clock: leaping, retry: { attempts: 1 }, ...canary } });
    return { ...set, clock: timers, leaping };
  };

  test('calls, retries and streams take no notice', async () => {
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

  test('a stream whose chunks have come is not taken for silent', async () => {
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

  test('an open breaker stays open while it stands, and is asked again when it has leapt', async () => {
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

  test('the budget of retries is not refilled while it stands', async () => {
    const { ai, clock, providers, leaping } = still({
      breaker: false,
      fallbacks: [],
      retry: { budget: 0.1, attempts: 2 },
    });
    leaping.standStill();
    providers.usually('gemini', failed(503));
    for (let round = 0; round < 2; round += 1) {
      providers.sent.length = 0;
      const calls = Promise.allSettled(Array.from({ length: 40 }, () => ask(ai)));
      await clock.advance(HOUR_MS);
      await calls;
      // Forty calls bring four; the first ten were there from the start.
      expect(providers.sent).toHaveLength(round === 0 ? 50 : 44);
    }
  });
});

describe('a system whose time is set', () => {
  afterEach(() => void vi.restoreAllMocks());

  test.each([-10 * 365 * 24 * HOUR_MS, -HOUR_MS, HOUR_MS])('by %i ms does not move the clock', (byMs) => {
    const before = systemClock.now();
    const real = Date.now();
    vi.spyOn(Date, 'now').mockReturnValue(real + byMs);
    const passedMs = systemClock.now() - before;
    expect(passedMs).toBeGreaterThanOrEqual(0);
    expect(passedMs).toBeLessThan(5_000);
  });

  test.each([-HOUR_MS, HOUR_MS])('by %i ms in the middle of calls does no harm to them', async (byMs) => {
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

describe('an event loop that was blocked for two seconds, with time-outs of one', () => {
  let seen: Blocked;

  beforeAll(async () => {
    seen = await seeBlock();
  });

  test('streams that began meanwhile are whole', () => {
    expect(seen.begun).toEqual(Array.from({ length: 30 }, () => ({ text: TEXT, error: undefined })));
  });

  test('streams in the middle are not taken for silent', () => {
    expect(seen.midway).toEqual(Array.from({ length: 30 }, () => ({ text: TEXT, error: undefined })));
  });

  test('answers of an upstream with a time-out of its own are answers', () => {
    expect(seen.whole).toEqual(Array.from({ length: 30 }, () => TEXT));
  });

  test('long bodies are answers, too', () => {
    expect(seen.long).toEqual(Array.from({ length: 10 }, () => VECTORS));
  });

  test('a deadline that passed in the block does not take away an answer that had come', () => {
    expect(seen.deadline).toEqual(Array.from({ length: 20 }, () => TEXT));
  });

  test('no attempt was a failure, and none was made twice', () => {
    expect(seen.attempts).toEqual(Array.from({ length: 120 + WARM_UPS }, () => 'success'));
  });

  test('an upstream that said nothing all the time is given up', () => {
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

function breakerOf({ ai }: SetUp) {
  return ai.canary.snapshot().upstreams['gemini']!.breaker;
}
