/** The time limits of the response, the first content, each chunk and the whole call. */

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

const LIMITED: SetUpOptions = { canary: { timeouts: { firstChunk: '30s', idle: '30s' } } };

/** A canary that streams `steps`; the fallback `openai` answers "Hello.". */
function streaming(steps: readonly StreamStep[], options: SetUpOptions = LIMITED) {
  const set = setUpCanary(options);
  const { reply, hungUp } = listening(events(steps));
  set.providers.usually('gemini', reply);
  return { ...set, hungUp };
}

describe('the first content', () => {
  test.each<[string, readonly StreamStep[], number]>([
    ['that sends nothing', [SILENCE], 30_000],
    ['that goes silent after a role', [ROLE, wait(20_000), ROLE, SILENCE], 50_000],
  ])('falls back without a retry after 30 s from an upstream %s', async (_name, steps, latencyMs) => {
    const set = streaming(steps);
    const reading = watch(read(set));
    await set.clock.advance(latencyMs - 1);
    expect([reading.now.state, set.providers.asked]).toEqual(['pending', ['gemini']]);
    await set.clock.advance(1);
    expect(reading.now).toMatchObject({ state: 'resolved', value: { error: undefined } });
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
    expect(set.hungUp()).toEqual([true]);
    expect(set.events.of('attempt')).toMatchObject([
      { upstream: 'gemini', outcome: 'failure', kind: 'timeout', phase: 'firstChunk', latencyMs },
      { upstream: 'openai', outcome: 'success', phase: undefined },
    ]);
    expect(set.events.of('retry')).toEqual([]);
  });

  test('times out if no response comes', async () => {
    const set = setUpCanary(LIMITED);
    set.providers.script('gemini', silent());
    await within(set.clock, 30_000, read(set));
    expect(set.events.of('attempt')).toMatchObject([{ kind: 'timeout', phase: 'firstChunk' }, { upstream: 'openai' }]);
  });

  test('rejects with the SDK’s time-out error, which names the phase, without another upstream', async () => {
    const set = streaming([SILENCE], {
      canary: { fallbacks: [], timeouts: { firstChunk: '2s' } },
      client: { maxRetries: 0 },
    });
    const error = await errorWithin(set.clock, 2_000, open(set));
    expect(error).toBeInstanceOf(UpstreamTimeoutError);
    expect(error).toBeInstanceOf(APIConnectionTimeoutError);
    expect(error).toMatchObject({ code: 'UPSTREAM_TIMEOUT', phase: 'firstChunk', budgetMs: 2_000 });
    expect((error as Error).message).toBe('Request timed out: no content within 2000 ms.');
  });

  test('has the upstream’s own time-out if that is shorter', async () => {
    const set = streaming([ROLE, SILENCE], { upstreams: { gemini: { timeout: '3s' } } });
    await within(set.clock, 3_000, read(set));
    expect(set.events.of('attempt')).toMatchObject([{ phase: 'firstChunk', latencyMs: 3_000 }, {}]);
  });

  test('ends its time limit: the whole stream may take longer', async () => {
    const set = streaming([say('a'), wait(20_000), say('b'), wait(20_000), STOP]);
    const { chunks, error } = await within(set.clock, 40_000, read(set));
    expect([textOf(chunks), error]).toEqual(['ab', undefined]);
    expect(set.clock.pendingTimers).toBe(0);
  });

  test('gets its whole time limit again if the caller reads late', async () => {
    const set = streaming([SILENCE], {
      canary: { fallbacks: [], timeouts: { firstChunk: '30s' } },
      client: { maxRetries: 0 },
    });
    const promise = open(set);
    await set.clock.advance(60_000);
    const late = watch(promise);
    await set.clock.advance(29_999);
    expect(late.now.state).toBe('pending');
    await set.clock.advance(1);
    expect(late.now).toMatchObject({ state: 'rejected', error: { phase: 'firstChunk' } });
  });

  test('falls back at the timeout of an upstream that sends no sign of an answer, whatever else it sends', async () => {
    const beats = Array.from({ length: 20 }, () => [{ event: { choices: [] } }, wait(100)]).flat();
    const set = streaming([...beats, say('late'), STOP], { upstreams: { gemini: { timeout: '300ms' } } });
    expect(textOf((await within(set.clock, 300, read(set))).chunks)).toBe('Hello.');
    expect(set.events.of('attempt')).toMatchObject([{ phase: 'firstChunk', latencyMs: 300 }, { upstream: 'openai' }]);
  });
});

describe('without limits', () => {
  const MINUTES = 9 * 60_000;

  test.each<[string, SetUpOptions]>([
    ['with another upstream', {}],
    ['without another upstream', { canary: { fallbacks: [] } }],
  ])('a stream that is silent for minutes is awaited, %s', async (_name, options) => {
    const set = streaming([ROLE, wait(MINUTES), say('deep '), wait(MINUTES), say('thought'), STOP], options);
    const { chunks, error } = await within(set.clock, 2 * MINUTES, read(set));
    expect([textOf(chunks), error]).toEqual(['deep thought', undefined]);
    expect(set.providers.asked).toEqual(['gemini']);
    expect(set.clock.pendingTimers).toBe(0);
  });
});

describe('the response', () => {
  test('of a non-stream call has the upstream’s time-out', async () => {
    const set = setUpCanary({
      upstreams: { gemini: { timeout: '2s' } },
      canary: { fallbacks: [] },
      client: { maxRetries: 0 },
    });
    set.providers.script('gemini', silent());
    const error = await errorWithin(set.clock, 2_000, ask(set.ai));
    expect(error).toMatchObject({ code: 'UPSTREAM_TIMEOUT', phase: 'headers', budgetMs: 2_000 });
    expect(set.events.of('attempt')).toMatchObject([{ kind: 'timeout', phase: 'headers', delivery: 'ambiguous' }]);
  });

  test('of a non-stream call is not limited by firstChunk', async () => {
    const set = setUpCanary();
    set.providers.script('gemini', after(60_000, chatStream([])));
    const call = watch(ask(set.ai));
    await set.clock.advance(59_999);
    expect(call.now.state).toBe('pending');
  });
});

describe('the next chunk', () => {
  test('interrupts the stream if it does not come within 30 s', async () => {
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

  test('has a time limit only after the first content', async () => {
    const set = streaming([ROLE, wait(60_000), say('Hi'), STOP], {
      canary: { timeouts: { firstChunk: '2m', idle: '5s' } },
    });
    expect((await within(set.clock, 60_000, read(set))).error).toBeUndefined();
  });

  test('has the same time limit in a buffered stream, which falls back', async () => {
    const set = streaming([say('Hel'), SILENCE], { canary: { stream: 'buffered', timeouts: { idle: '5s' } } });
    const { chunks } = await within(set.clock, 5_000, read(set));
    expect(textOf(chunks)).toBe('Hello.');
    expect(set.events.of('attempt')).toMatchObject([{ phase: 'idle', delivery: 'partial' }, { outcome: 'success' }]);
  });

  test('has no time limit while the reader does not read', async () => {
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
  /** A stream whose chunks the test releases. */
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
    /** Chunks that arrive while the process is blocked are read after the timers that are due. */
    const blockFor = (ms: number, part: number): Promise<void> => {
      set.clock.jump(ms);
      set.clock.setTimeout(() => parts[part]!.resolve(), 0);
      return set.clock.advance(0);
    };
    return { ...set, blockFor, arrive: (part: number) => parts[part]!.resolve() };
  }

  test('does not time out the first content if it arrived meanwhile', async () => {
    const set = stepping();
    set.arrive(0);
    const call = watch(open(set));
    await set.clock.advance(1_000);
    await set.blockFor(60_000, 1);
    expect(call.now.state).toBe('resolved');
  });

  test('does not time out the next chunk if it arrived meanwhile', async () => {
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

  test('cuts a running stream if the user set it', async () => {
    const set = streaming(LONG, { canary: { timeouts: { deadline: '10s' } } });
    const { chunks, error } = await within(set.clock, 10_000, read(set));
    expect(textOf(chunks)).toBe('Hello');
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect((error as Error).cause).toBeInstanceOf(DeadlineError);
    expect(set.hungUp()).toEqual([true]);
    expect(set.events.of('attempt')).toMatchObject([{ kind: 'timeout', phase: 'deadline' }]);
    expect(set.clock.pendingTimers).toBe(0);
  });

  test('cuts a stream while its reader is busy, and does not end it as complete', async () => {
    const set = streaming(LONG, { canary: { timeouts: { deadline: '10s' } } });
    const stream = await within(set.clock, 0, open(set));
    await set.clock.advance(10_000);
    expect(set.hungUp()).toEqual([true]);
    const { chunks, error } = await within(set.clock, 0, drain(stream));
    expect(textOf(chunks)).toBe('Hel');
    expect(error).toBeInstanceOf(StreamInterruptedError);
  });

  test('does not cut a stream by its default of ten minutes', async () => {
    const set = streaming([say('a'), ...Array.from({ length: 70 }, () => [wait(10_000), say('b')]).flat(), STOP]);
    const { chunks, error } = await within(set.clock, 700_000, read(set));
    expect([chunks.length, error]).toEqual([72, undefined]);
  });

  test('applies before the first content if the user set it', async () => {
    const set = setUp({ canary: { timeouts: { deadline: '10s' } } });
    set.providers.script('openai', events([SILENCE]));
    expect(await errorWithin(set.clock, 10_000, open(set))).toBeInstanceOf(DeadlineError);
    expect(set.clock.pendingTimers).toBe(0);
  });

  test('leaves no timer after a buffered stream that was complete before it', async () => {
    const set = streaming([say('Hi'), STOP], { canary: { stream: 'buffered', timeouts: { deadline: '10s' } } });
    await within(set.clock, 0, open(set));
    expect(set.clock.pendingTimers).toBe(0);
  });
});
