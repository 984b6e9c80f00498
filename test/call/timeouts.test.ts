/** The phases of waiting: for the response, for the first content, for each chunk, and for the whole call. */

import { APIConnectionTimeoutError } from 'openai';
import { describe, expect, test } from 'vitest';
import { DeadlineError, StreamInterruptedError, UpstreamTimeoutError } from '../../src/index.ts';
import { STREAM_BODY, ask, drain, errorWithin, watch, within } from '../support/calls.ts';
import { ROLE, STOP, listening, say, textOf } from '../support/chat-steps.ts';
import { after, silent } from '../support/replies.ts';
import { chatStream, events, type StreamStep } from '../support/stream-replies.ts';
import { setUp, setUpCanary, type SetUp, type SetUpOptions } from '../support/set-up.ts';

const open = ({ ai }: SetUp) => ai.chat.completions.create(STREAM_BODY);
const read = (set: SetUp) => open(set).then(drain);
const wait = (waitMs: number): StreamStep => ({ waitMs });
const SILENCE = wait(Infinity);

/** A canary that streams `steps`, in front of an `openai` that says "Hello.". */
function streaming(steps: readonly StreamStep[], options: SetUpOptions = {}) {
  const set = setUpCanary(options);
  const { reply, hungUp } = listening(events(steps));
  set.providers.usually('gemini', reply);
  return { ...set, hungUp };
}

describe('the first content', () => {
  test.each<[string, readonly StreamStep[]]>([
    ['that sends nothing', [SILENCE]],
    ['that sends what is no content', [ROLE, wait(20_000), ROLE, SILENCE]],
  ])('an upstream %s within 30 s is not asked twice: the next one is', async (_name, steps) => {
    const set = streaming(steps);
    const reading = watch(read(set));
    await set.clock.advance(29_999);
    expect([reading.now.state, set.providers.asked]).toEqual(['pending', ['gemini']]);
    await set.clock.advance(1);
    expect(reading.now).toMatchObject({ state: 'resolved', value: { error: undefined } });
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
    expect(set.hungUp()).toEqual([true]);
    expect(set.events.of('attempt')).toMatchObject([
      { upstream: 'gemini', outcome: 'failure', kind: 'timeout', phase: 'firstChunk', latencyMs: 30_000 },
      { upstream: 'openai', outcome: 'success', phase: undefined },
    ]);
    expect(set.events.of('retry')).toEqual([]);
  });

  test('a response that does not come counts as well', async () => {
    const set = setUpCanary();
    set.providers.script('gemini', silent());
    await within(set.clock, 30_000, read(set));
    expect(set.events.of('attempt')).toMatchObject([{ kind: 'timeout', phase: 'firstChunk' }, { upstream: 'openai' }]);
  });

  test('without another upstream it is the SDK’s time-out error, which names the phase', async () => {
    const set = streaming([ROLE, SILENCE], { canary: { fallbacks: [], timeouts: { firstChunk: '2s' } } });
    const error = await errorWithin(set.clock, 2_000, open(set));
    expect(error).toBeInstanceOf(UpstreamTimeoutError);
    expect(error).toBeInstanceOf(APIConnectionTimeoutError);
    expect(error).toMatchObject({ code: 'UPSTREAM_TIMEOUT', phase: 'firstChunk', budgetMs: 2_000 });
    expect((error as Error).message).toBe('Request timed out: no content within 2000 ms.');
  });

  test('an upstream’s own time-out holds where it is shorter', async () => {
    const set = streaming([ROLE, SILENCE], { upstreams: { gemini: { timeout: '3s' } } });
    await within(set.clock, 3_000, read(set));
    expect(set.events.of('attempt')).toMatchObject([{ phase: 'firstChunk', latencyMs: 3_000 }, {}]);
  });

  test('ends the wait for it: a stream may take longer than that as a whole', async () => {
    const set = streaming([say('a'), wait(20_000), say('b'), wait(20_000), STOP]);
    const { chunks, error } = await within(set.clock, 40_000, read(set));
    expect([textOf(chunks), error]).toEqual(['ab', undefined]);
    expect(set.clock.pendingTimers).toBe(0);
  });

  test('is waited for anew by a caller that comes late', async () => {
    const set = streaming([ROLE, SILENCE], { canary: { fallbacks: [] } });
    const promise = open(set);
    await set.clock.advance(60_000);
    const late = watch(promise);
    await set.clock.advance(29_999);
    expect(late.now.state).toBe('pending');
    await set.clock.advance(1);
    expect(late.now).toMatchObject({ state: 'rejected', error: { phase: 'firstChunk' } });
  });
});

describe('the response', () => {
  test('of a call that is no stream is waited for as long as the upstream’s time-out says', async () => {
    const set = setUpCanary({ upstreams: { gemini: { timeout: '2s' } }, canary: { fallbacks: [] } });
    set.providers.script('gemini', silent());
    const error = await errorWithin(set.clock, 2_000, ask(set.ai));
    expect(error).toMatchObject({ code: 'UPSTREAM_TIMEOUT', phase: 'headers', budgetMs: 2_000 });
    expect(set.events.of('attempt')).toMatchObject([{ kind: 'timeout', phase: 'headers', delivery: 'ambiguous' }]);
  });

  test('of a call that is no stream is no first chunk', async () => {
    const set = setUpCanary();
    set.providers.script('gemini', after(60_000, chatStream([])));
    const call = watch(ask(set.ai));
    await set.clock.advance(59_999);
    expect(call.now.state).toBe('pending');
  });
});

describe('the next chunk', () => {
  test('that does not come within 30 s interrupts the stream', async () => {
    const set = streaming([ROLE, say('Hel'), wait(10_000), say('lo'), SILENCE]);
    const reading = watch(read(set));
    await set.clock.advance(39_999);
    expect(reading.now.state).toBe('pending');
    await set.clock.advance(1);
    expect(reading.now).toMatchObject({
      state: 'resolved',
      value: {
        error: { code: 'STREAM_INTERRUPTED', partialText: 'Hello', cause: { phase: 'idle', budgetMs: 30_000 } },
      },
    });
    expect(set.providers.asked).toEqual(['gemini']);
    expect(set.hungUp()).toEqual([true]);
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'failure', kind: 'timeout', phase: 'idle' }]);
    expect(set.clock.pendingTimers).toBe(0);
  });

  test('is waited for from the first content on only', async () => {
    const set = streaming([ROLE, wait(60_000), say('Hi'), STOP], {
      canary: { timeouts: { firstChunk: '2m', idle: '5s' } },
    });
    expect((await within(set.clock, 60_000, read(set))).error).toBeUndefined();
  });

  test('of a buffered stream is waited for no longer, and another upstream may answer', async () => {
    const set = streaming([say('Hel'), SILENCE], { canary: { stream: 'buffered', timeouts: { idle: '5s' } } });
    const { chunks } = await within(set.clock, 5_000, read(set));
    expect(textOf(chunks)).toBe('Hello.');
    expect(set.events.of('attempt')).toMatchObject([{ phase: 'idle', delivery: 'partial' }, { outcome: 'success' }]);
  });

  test('is the reader’s to ask for: one that takes its time makes no upstream silent', async () => {
    const set = streaming([say('Hel'), wait(1_000), say('lo'), STOP]);
    const iterator = (await within(set.clock, 0, open(set)))[Symbol.asyncIterator]();
    await iterator.next();
    await set.clock.advance(3_600_000);
    const second = await within(set.clock, 1_000, iterator.next());
    expect(textOf([second.value])).toBe('lo');
    await set.clock.advance(3_600_000);
    expect((await within(set.clock, 0, iterator.next())).done).toBe(false);
    expect((await iterator.next()).done).toBe(true);
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'success' }]);
  });
});

describe('a blocked event loop', () => {
  /** A stream that goes on when the test says so. */
  function stepping() {
    const parts = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
    const encoder = new TextEncoder();
    const set = setUpCanary({ canary: { fallbacks: [] } });
    const left = [ROLE, say('Hel'), STOP];
    set.providers.script('gemini', () => {
      const body = new ReadableStream({
        async pull(controller) {
          const step = left.shift();
          if (!step || !('event' in step)) return controller.close();
          await parts[2 - left.length]?.promise;
          controller.enqueue(encoder.encode(`data: ${JSON.stringify(step.event)}\n\n`));
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    });
    /** What has arrived while the process was blocked is read after the timers that are late. */
    const blockFor = (ms: number, part: number): Promise<void> => {
      set.clock.jump(ms);
      set.clock.setTimeout(() => parts[part]!.resolve(), 0);
      return set.clock.advance(0);
    };
    return { ...set, blockFor, arrive: (part: number) => parts[part]!.resolve() };
  }

  test('is no silence before the first content, where that has arrived meanwhile', async () => {
    const set = stepping();
    set.arrive(0);
    const call = watch(open(set));
    await set.clock.advance(1_000);
    await set.blockFor(60_000, 1);
    expect(call.now.state).toBe('resolved');
  });

  test('is no silence in the midst of a stream, where the next chunk has arrived meanwhile', async () => {
    const set = stepping();
    set.arrive(0);
    set.arrive(1);
    const reading = watch(read(set));
    await set.clock.advance(1_000);
    await set.blockFor(60_000, 2);
    expect(reading.now).toMatchObject({ state: 'resolved', value: { error: undefined, chunks: { length: 3 } } });
  });
});

describe('the deadline', () => {
  const LONG = [say('Hel'), wait(8_000), say('lo'), wait(8_000), STOP];

  test('that the user set cuts a stream that runs', async () => {
    const set = streaming(LONG, { canary: { timeouts: { deadline: '10s' } } });
    const { chunks, error } = await within(set.clock, 10_000, read(set));
    expect(textOf(chunks)).toBe('Hello');
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect((error as Error).cause).toBeInstanceOf(DeadlineError);
    expect(set.hungUp()).toEqual([true]);
    expect(set.events.of('attempt')).toMatchObject([{ kind: 'timeout', phase: 'deadline' }]);
    expect(set.clock.pendingTimers).toBe(0);
  });

  test('cuts it also while its reader does something else, and does not end as if it were whole', async () => {
    const set = streaming(LONG, { canary: { timeouts: { deadline: '10s' } } });
    const stream = await within(set.clock, 0, open(set));
    await set.clock.advance(10_000);
    expect(set.hungUp()).toEqual([true]);
    const { chunks, error } = await within(set.clock, 0, drain(stream));
    expect(textOf(chunks)).toBe('Hel');
    expect(error).toBeInstanceOf(StreamInterruptedError);
  });

  test('of ten minutes that nobody set does not cut a stream', async () => {
    const set = streaming([say('a'), ...Array.from({ length: 70 }, () => [wait(10_000), say('b')]).flat(), STOP]);
    const { chunks, error } = await within(set.clock, 700_000, read(set));
    expect([chunks.length, error]).toEqual([72, undefined]);
  });

  test('that the user set counts before the first content, too', async () => {
    const set = setUp({ canary: { timeouts: { deadline: '10s' } } });
    set.providers.script('openai', events([ROLE, SILENCE]));
    expect(await errorWithin(set.clock, 10_000, open(set))).toBeInstanceOf(DeadlineError);
    expect(set.clock.pendingTimers).toBe(0);
  });

  test('leaves no timer behind a buffered stream that was whole before', async () => {
    const set = streaming([say('Hi'), STOP], { canary: { stream: 'buffered', timeouts: { deadline: '10s' } } });
    await within(set.clock, 0, open(set));
    expect(set.clock.pendingTimers).toBe(0);
  });
});
