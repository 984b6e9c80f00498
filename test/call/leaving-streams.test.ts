/** A caller that leaves a stream: no failure of the upstream, but its cost counts. */

import { APIUserAbortError } from 'openai';
import type { Stream } from 'openai/core/streaming';
import type { OpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import { STREAM_BODY, drain, errorWithin, watch, within } from '../support/calls.ts';
import { CountingSignal } from '../upstream/support/counting-signal.ts';
import { RESET, ROLE, STOP, USAGE_STEP, listening, say, textOf } from '../support/chat-steps.ts';
import { events, type StreamStep } from '../support/stream-replies.ts';
import { setUpCanary, type SetUp, type SetUpOptions } from '../support/set-up.ts';

type Chunks = Stream<OpenAI.ChatCompletionChunk>;
type Scene = SetUp & { readonly hungUp: () => readonly boolean[] };

const SILENCE: StreamStep = { waitMs: Infinity };
const ENDLESS = [ROLE, say('Hel'), say('lo'), SILENCE];

/** A canary that streams `steps`; the fallback `openai` should get no request. */
function streaming(
  steps: readonly StreamStep[] = ENDLESS,
  options: SetUpOptions = {},
  { done = true }: { readonly done?: boolean } = {},
): Scene {
  const set = setUpCanary({ ...options, canary: { breaker: { consecutive: 1 }, ...options.canary } });
  const { reply, hungUp } = listening(events(steps, { done }));
  set.providers.script('gemini', reply);
  return { ...set, hungUp };
}

const open = ({ ai }: SetUp, signal?: AbortSignal): Promise<Chunks> =>
  ai.chat.completions.create(STREAM_BODY, signal ? { signal } : {});

/** What is recorded of a call, and what is still running. */
function endOf({ hungUp, providers, events: heard, clock }: Scene) {
  const moves = (['retry', 'fallback', 'breaker'] as const).flatMap((event) => heard.of(event));
  return {
    hungUp: hungUp(),
    asked: providers.asked,
    attempts: heard.of('attempt'),
    calls: heard.of('call'),
    moves,
    pendingTimers: clock.pendingTimers,
  };
}

/** One attempt, no failure of the upstream, and nothing left running. */
function abortedWith(attempt: object) {
  return {
    hungUp: [true],
    asked: ['gemini'],
    attempts: [{ outcome: 'aborted', kind: undefined, phase: undefined, ...attempt }],
    calls: [{ outcome: 'aborted', upstream: 'gemini' }],
    moves: [],
    pendingTimers: 0,
  };
}

/** Estimated from the text that was received. */
const ESTIMATED = {
  usageEstimated: true,
  usage: { outputTokens: 1 },
  delivery: 'partial',
  cost: { source: 'estimated' },
};

describe('a stream that is read', () => {
  const ways: readonly (readonly [string, (stream: Chunks) => Promise<void>])[] = [
    [
      'break',
      async (stream) => {
        for await (const chunk of stream) if (textOf([chunk]) === 'Hel') break;
      },
    ],
    [
      'an error of the reader',
      async (stream) => {
        const reading = (async () => {
          for await (const chunk of stream) if (textOf([chunk]) === 'Hel') throw new RangeError('mine');
        })();
        await expect(reading).rejects.toThrow('mine');
      },
    ],
    [
      'return()',
      async (stream) => {
        const iterator = stream[Symbol.asyncIterator]();
        await iterator.next();
        await iterator.return?.();
        expect(await iterator.next()).toEqual({ done: true, value: undefined });
      },
    ],
    [
      'controller.abort() before the first read',
      async (stream) => {
        stream.controller.abort();
        expect(await drain(stream)).toEqual({ chunks: [], error: undefined });
      },
    ],
    [
      'controller.abort() between two reads',
      async (stream) => {
        const seen: string[] = [];
        for await (const chunk of stream) {
          seen.push(textOf([chunk]));
          if (seen.length === 2) stream.controller.abort();
        }
        expect(seen).toEqual(['', 'Hel']);
      },
    ],
    [
      'toReadableStream(), cancelled',
      async (stream) => {
        const reader = stream.toReadableStream().getReader();
        await reader.read();
        await reader.cancel();
      },
    ],
  ];

  test.each(ways)('%s closes the connection and is an abort with estimated usage', async (_name, leave) => {
    const set = streaming();
    await leave(await within(set.clock, 0, open(set)));
    await set.clock.advance(0);
    expect(endOf(set)).toMatchObject(abortedWith(ESTIMATED));
  });

  test('controller.abort() while a chunk is awaited ends the stream silently, like the SDK', async () => {
    const set = streaming();
    const stream = await within(set.clock, 0, open(set));
    const reading = drain(stream);
    await set.clock.advance(1_000);
    stream.controller.abort();
    const { chunks, error } = await within(set.clock, 0, reading);
    expect([textOf(chunks), error]).toEqual(['Hello', undefined]);
    expect(endOf(set)).toMatchObject(abortedWith(ESTIMATED));
  });

  test.each([
    ['awaited', true],
    ['not awaited', false],
  ])('the caller’s signal, while a chunk is %s, ends the stream and keeps no listener', async (_name, reads) => {
    const set = streaming();
    const caller = new CountingSignal();
    const stream = await within(set.clock, 0, open(set, caller.signal));
    const before = reads ? drain(stream) : undefined;
    await set.clock.advance(1_000);
    caller.abort();
    await set.clock.advance(0);
    expect((await (before ?? drain(stream))).error).toBeUndefined();
    expect(endOf(set)).toMatchObject(abortedWith(ESTIMATED));
    expect(caller.listeners).toBe(0);
  });

  test('leaves no listener on the caller’s signal at its end', async () => {
    const set = streaming([ROLE, say('Hi'), STOP]);
    const caller = new CountingSignal();
    await within(set.clock, 0, open(set, caller.signal).then(drain));
    expect(caller.listeners).toBe(0);
  });

  test('is a success if the caller leaves after finish_reason', async () => {
    const set = streaming([say('Hi'), STOP, SILENCE]);
    for await (const chunk of await within(set.clock, 0, open(set))) if (chunk.choices[0]?.finish_reason) break;
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'success' }]);
  });

  test('has the usage that the provider reported before the caller left', async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 7, total_tokens: 10 };
    const set = streaming([{ event: { choices: [{ index: 0, delta: { content: 'Hi' } }], usage } }, SILENCE]);
    for await (const chunk of await within(set.clock, 0, open(set))) {
      void chunk;
      break;
    }
    expect(set.events.of('attempt')).toMatchObject([
      { outcome: 'aborted', usage: { inputTokens: 3, outputTokens: 7 }, usageEstimated: false },
    ]);
  });
});

describe('before the first content', () => {
  test.each<[string, readonly StreamStep[]]>([
    ['only the role was received', [ROLE, SILENCE]],
    ['nothing was received', [SILENCE]],
  ])('an abort after %s rejects the call without a fallback', async (_name, steps) => {
    const set = streaming(steps);
    const caller = new CountingSignal();
    const call = watch(open(set, caller.signal));
    await set.clock.advance(1_000);
    caller.abort();
    await set.clock.advance(0);
    expect(call.now).toMatchObject({ state: 'rejected' });
    expect(call.now.state === 'rejected' && call.now.error).toBeInstanceOf(APIUserAbortError);
    expect(endOf(set)).toMatchObject(abortedWith({ usage: undefined, delivery: 'ambiguous' }));
    expect(caller.listeners).toBe(0);
  });

  test('an abort of a buffered stream rejects the call and counts the cost of the received chunks', async () => {
    const set = streaming(ENDLESS, { canary: { stream: 'buffered' } });
    const caller = new AbortController();
    const promise = open(set, caller.signal);
    const failing = errorWithin(set.clock, 0, promise);
    await failing.catch(() => undefined);
    caller.abort();
    expect(await errorWithin(set.clock, 0, promise)).toBeInstanceOf(APIUserAbortError);
    expect(endOf(set)).toMatchObject(abortedWith(ESTIMATED));
  });
});

describe('an upstream that drains', () => {
  const DRAINS: SetUpOptions = { upstreams: { gemini: { onAbort: 'drain' } } };

  async function leave(set: Scene): Promise<void> {
    for await (const chunk of await within(set.clock, 0, open(set))) if (textOf([chunk]) === 'Hel') break;
  }

  test('reads on when the caller leaves, and reports the true usage', async () => {
    const set = streaming([ROLE, say('Hel'), { waitMs: 5_000 }, say('lo'), STOP, USAGE_STEP], DRAINS);
    await leave(set);
    expect([set.hungUp(), set.events.of('attempt')]).toEqual([[false], []]);
    await set.clock.advance(5_000);
    expect(set.events.of('attempt')).toMatchObject([
      { usage: { inputTokens: 10, outputTokens: 5 }, usageEstimated: false, cost: { source: 'override' } },
    ]);
    expect(set.clock.pendingTimers).toBe(0);
  });

  test.each<[string, readonly StreamStep[]]>([
    ['breaks off', [RESET]],
    ['falls silent', [SILENCE]],
    ['ends without its finish_reason', []],
  ])('counts no failure if the stream %s after that', async (_name, steps) => {
    const set = streaming([ROLE, say('Hel'), { waitMs: 5_000 }, say('lo'), ...steps], DRAINS, { done: false });
    await leave(set);
    await set.clock.advance(35_000);
    expect(set.events.of('attempt')).toMatchObject([
      { outcome: 'aborted', kind: undefined, usageEstimated: true, usage: { outputTokens: 1 } },
    ]);
    expect(set.events.of('breaker')).toEqual([]);
    expect(set.clock.pendingTimers).toBe(0);
  });

  test('closes the connection on an abort', async () => {
    const set = streaming(ENDLESS, DRAINS);
    const stream = await within(set.clock, 0, open(set));
    stream.controller.abort();
    await set.clock.advance(0);
    expect(endOf(set)).toMatchObject(abortedWith(ESTIMATED));
  });
});
