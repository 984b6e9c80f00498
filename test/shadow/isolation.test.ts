/** A shadow changes neither the answer of a call nor its time, however the shadow behaves. */

import type { OpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import { CanaryClient, route, type Clock, type ShadowOptions } from '../../src/index.ts';
import { ManualClock, seededRandom, startProvider } from '../../src/testing/index.ts';
import { BODY, STREAM_BODY, ask, drain, watch, within } from '../support/calls.ts';
import { RESET, ROLE, listening, say } from '../support/chat-steps.ts';
import { after, chat, failed, malformed, silent, unreachable, type Reply } from '../support/replies.ts';
import type { SetUp } from '../support/set-up.ts';
import { chatStream, events } from '../support/stream-replies.ts';
import { shadowed } from './support/shadowed.ts';

const NEVER: ShadowOptions = { share: 0 };

/** Behaviours of the shadow. */
const SHADOWS: Record<string, Reply> = {
  hangs: silent(),
  'answers 500': failed(500),
  'answers 429': failed(429, {}, { 'retry-after': '1' }),
  'cannot be reached': unreachable(),
  'sends no JSON': malformed(),
  'hangs in its stream': events([ROLE, say('Hel'), { waitMs: Infinity }]),
  'breaks off its stream': events([ROLE, say('Hel'), RESET]),
  floods: chatStream(Array.from({ length: 3_000 }, () => 'word ')),
};

/** Behaviours of the real upstream. */
const REAL: Record<string, Reply> = {
  'an answer': after(700, chat('The answer.')),
  'a stream': chatStream(['The', ' answer', '.'], { everyMs: 300 }),
  'a refusal': after(200, failed(400, { message: 'No such thing.' })),
  'a broken stream': events([ROLE, say('The'), { waitMs: 200 }, RESET]),
};

type CallMaker = (ai: OpenAI) => Promise<unknown>;

/** Ways to make a call, each with all that the caller can observe. */
const CALL_MAKERS: Record<string, CallMaker> = {
  body: (ai) => ai.chat.completions.create(BODY),
  chunks: async (ai) => drain(await ai.chat.completions.create(STREAM_BODY)),
  'raw body': async (ai) => (await ai.chat.completions.create(BODY).asResponse()).text(),
  'raw stream': async (ai) => (await ai.chat.completions.create(STREAM_BODY).asResponse()).text(),
};

interface Seen {
  readonly atMs: number;
  readonly value: string;
}

/** What the caller observes, and when, over five calls. */
async function seenWith(shadow: ShadowOptions, real: Reply, shadows: Reply, make: CallMaker): Promise<readonly Seen[]> {
  const { ai, clock, providers } = shadowed(shadow, { canary: { retry: { attempts: 0 } } });
  providers.usually('openai', real).usually('gemini', shadows);
  const startMs = clock.now();
  const seen: Seen[] = [];
  const note = (value: unknown): void => {
    const shown = value instanceof Error ? `${value.name}: ${value.message}` : JSON.stringify(value, withErrors);
    seen.push({ atMs: clock.now() - startMs, value: shown });
  };
  for (let index = 0; index < 5; index += 1) {
    make(ai).then(note, note);
    await clock.advance(2_000);
  }
  void ai.canary.close();
  await clock.advance(10);
  return seen;
}

/** Serializes errors, since `drain` returns the error of a stream as a field. */
function withErrors(_name: string, value: unknown): unknown {
  return value instanceof Error ? `${value.name}: ${value.message}` : value;
}

describe.each(Object.entries(SHADOWS))('a shadow that %s', (_shadow, shadows) => {
  describe.each(Object.entries(REAL))('beside %s', (_real, real) => {
    test.each(Object.entries(CALL_MAKERS))('does not change the %s', async (_maker, make) => {
      const bare = await seenWith(NEVER, real, shadows, make);
      expect(bare).toHaveLength(5);
      expect(await seenWith({}, real, shadows, make)).toEqual(bare);
    });
  });
});

test('drops and counts copies that fit into neither slots nor queue, unnoticed by the caller', async () => {
  const { ai, clock, providers } = shadowed({ maxConcurrency: 2, maxQueue: 3 });
  providers.usually('gemini', silent());
  for (let index = 0; index < 10; index += 1) await within(clock, 0, ask(ai));
  expect(providers.to('gemini')).toHaveLength(2);
  const { gemini } = ai.canary.snapshot().shadow ?? {};
  expect(gemini).toMatchObject({ running: 2, waiting: 3, dropped: { full: 5, budget: 0, unavailable: 0 } });
});

test('queued copies take the slots of ended ones', async () => {
  const { ai, clock, providers } = shadowed({ maxConcurrency: 1, maxQueue: 3 });
  providers.usually('gemini', after(1_000, chat()));
  for (let index = 0; index < 3; index += 1) await within(clock, 0, ask(ai));
  await clock.advance(3_000);
  expect(providers.to('gemini').map(({ atMs }) => atMs - Date.UTC(2026, 0, 1))).toEqual([0, 1_000, 2_000]);
  expect(ai.canary.snapshot().shadow?.gemini).toMatchObject({ calls: 3, running: 0, waiting: 0 });
});

test('a mirrored stream holds its slot until it ends', async () => {
  const { ai, clock, providers } = shadowed({ maxConcurrency: 1, maxQueue: 0 });
  providers.usually('gemini', chatStream(['a', 'b', 'c'], { everyMs: 1_000 }));
  const call = async (): Promise<unknown> => drain(await ai.chat.completions.create(STREAM_BODY));
  await within(clock, 0, call());
  await clock.advance(3_000);
  await within(clock, 0, call());
  expect(providers.to('gemini')).toHaveLength(1);
  await clock.advance(1_000);
  await within(clock, 0, call());
  expect(providers.to('gemini')).toHaveLength(2);
});

test('a hanging copy releases its slot at its timeout and leaves no timer', async () => {
  const { ai, clock, providers, events: emitted } = shadowed({ timeout: '5s', maxConcurrency: 1, maxQueue: 0 });
  const shadow = listening(silent());
  providers.script('gemini', shadow.reply);
  await within(clock, 0, ask(ai));
  await clock.advance(4_999);
  expect(shadow.hungUp()).toEqual([false]);
  await clock.advance(1);
  expect(shadow.hungUp()).toEqual([true]);
  expect(emitted.of('shadow')).toMatchObject([{ outcome: 'failure', kind: 'timeout', comparison: undefined }]);
  expect(clock.pendingTimers).toBe(0);
  await within(clock, 0, ask(ai));
  expect(providers.to('gemini')).toHaveLength(2);
});

test('an endless stream is cancelled at its timeout', async () => {
  const { ai, clock, providers } = shadowed({ timeout: '5s' });
  const words = Array.from({ length: 100 }, () => 'word ');
  const shadow = listening(chatStream(words, { everyMs: 1_000 }));
  providers.script('gemini', shadow.reply);
  await within(clock, 0, ai.chat.completions.create(STREAM_BODY).then(drain));
  await clock.advance(5_000);
  expect(shadow.hungUp()).toEqual([true]);
  expect(ai.canary.snapshot().shadow?.gemini).toMatchObject({ calls: 1, successRate: 0, running: 0 });
});

describe('a caller that aborts', () => {
  async function aborted(shadow: ShadowOptions): Promise<SetUp & { readonly hungUp: readonly boolean[] }> {
    const world = shadowed(shadow);
    const { ai, clock, providers } = world;
    const copy = listening(after(5_000, chat()));
    providers.script('gemini', copy.reply).script('openai', silent());
    const gone = new AbortController();
    const call = watch(ask(ai, { signal: gone.signal }));
    await clock.advance(10);
    gone.abort();
    await clock.advance(5_000);
    expect(call.now.state).toBe('rejected');
    return { ...world, hungUp: copy.hungUp() };
  }

  test('does not cancel its copy by default', async () => {
    const { hungUp, events: emitted } = await aborted({});
    expect(hungUp).toEqual([false]);
    expect(emitted.of('shadow')).toMatchObject([{ outcome: 'success', servedBy: undefined, comparison: undefined }]);
  });

  test('cancels its copy with `abortWithCaller`', async () => {
    const { hungUp, events: emitted } = await aborted({ abortWithCaller: true });
    expect(hungUp).toEqual([true]);
    expect(emitted.of('shadow')).toMatchObject([{ outcome: 'aborted' }]);
  });

  test('cancels its copy with `abortWithCaller` when it leaves a stream', async () => {
    const { ai, clock, providers } = shadowed({ abortWithCaller: true });
    const copy = listening(silent());
    providers.script('gemini', copy.reply);
    const stream = await within(clock, 0, ai.chat.completions.create(STREAM_BODY));
    for await (const _chunk of stream) break;
    await clock.advance(0);
    expect(copy.hungUp()).toEqual([true]);
  });

  test('removes a queued copy with `abortWithCaller`', async () => {
    const { ai, clock, providers } = shadowed({ abortWithCaller: true, maxConcurrency: 1 });
    providers.script('gemini', after(1_000, chat()));
    await within(clock, 0, ask(ai));
    providers.script('openai', silent());
    const gone = new AbortController();
    const call = watch(ask(ai, { signal: gone.signal }));
    await clock.advance(10);
    gone.abort();
    await clock.advance(2_000);
    expect(call.now.state).toBe('rejected');
    expect(providers.to('gemini')).toHaveLength(1);
  });
});

test('close() cancels copies in flight and queued copies, and calls continue without copies', async () => {
  const { ai, clock, providers } = shadowed({ maxConcurrency: 1 });
  const copy = listening(silent());
  providers.usually('gemini', copy.reply);
  await within(clock, 0, ask(ai));
  await within(clock, 0, ask(ai));
  void ai.canary.close();
  await clock.advance(0);
  expect(copy.hungUp()).toEqual([true]);
  expect(clock.pendingTimers).toBe(0);
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['openai', 'gemini', 'openai', 'openai']);
});

test('a hanging shadow delays no call over real connections', async () => {
  await using real = await startProvider({ answer: 'The answer.' });
  await using shadow = await startProvider({ faults: { '*': { kind: 'silence' } } });
  const clock = new ManualClock();
  const ai = new CanaryClient({
    apiKey: 'test',
    baseURL: real.url,
    canary: {
      clock,
      random: seededRandom(1),
      upstreams: { other: { baseURL: shadow.url, apiKey: 'of-the-shadow' } },
      shadow: { upstream: 'other', share: 1, maxConcurrency: 3, maxQueue: 0 },
    },
  });
  for (let index = 0; index < 20; index += 1) {
    expect((await ask(ai)).choices[0]?.message.content).toBe('The answer.');
  }
  expect(real.requests).toHaveLength(20);
  expect(ai.canary.snapshot().shadow?.other).toMatchObject({ running: 3, calls: 0, dropped: { full: 17 } });
});

test('a copy that cannot be sent gives back what was reserved for it', async () => {
  const inner = new ManualClock();
  let isBroken = true;
  const clock: Clock = {
    now: () => inner.now(),
    setTimeout(callback, delayMs) {
      if (isBroken) throw new RangeError('no timer');
      return inner.setTimeout(callback, delayMs);
    },
  };
  const budgets = [{ name: 'all', per: 'day', limitUsd: 1, onExceeded: 'alert' }] as const;
  const { ai, providers, events: seen } = shadowed({ budgetUsd: 0.05 }, { canary: { clock, budgets } });
  const askWith = async (): Promise<void> => {
    await ask(ai, route({ key: 'user' }));
    for (let turn = 0; turn < 5; turn += 1) await inner.advance(0);
  };
  for (let call = 0; call < 20; call += 1) await askWith();
  expect(providers.to('gemini')).toEqual([]);
  expect(seen.of('warning')).toMatchObject([{ message: 'Sending a copy failed: RangeError: no timer' }]);
  expect(ai.canary.snapshot().budgets).toMatchObject([{ reservedUsd: 0 }]);
  isBroken = false;
  await askWith();
  expect(providers.to('gemini')).toHaveLength(1);
});
