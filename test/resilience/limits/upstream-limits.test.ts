/** Limits per upstream: requests and tokens per minute, attempts in flight. */

import { expect, test } from 'vitest';
import { RateLimitedError } from '../../../src/index.ts';
import { BODY, STREAM_BODY, ask, errorWithin, watch, within } from '../../support/calls.ts';
import { chat, failed, json } from '../../support/replies.ts';
import { setUp, setUpCanary } from '../../support/set-up.ts';
import type { Reply } from '../../support/replies.ts';

const START_MS = Date.UTC(2026, 0, 1);

/** Answers after `ms`. */
function slowly(ms: number, reply: Reply = chat()): Reply {
  return async (request) => {
    await request.wait(ms);
    return reply(request);
  };
}

test('calls skip a full upstream until its limit allows them again', async () => {
  const { ai, clock, providers, events } = setUpCanary({ canary: { limits: { gemini: { rpm: 2 } } } });
  for (let call = 0; call < 4; call += 1) await within(clock, 0, ask(ai));
  await clock.advance(62_000);
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai', 'openai', 'gemini']);
  expect(events.of('fallback')).toMatchObject([
    { from: 'gemini', to: 'openai', reason: 'limit' },
    { from: 'gemini', to: 'openai', reason: 'limit' },
  ]);
});

test('a full upstream emits one rateLimit event until it has served again', async () => {
  const { ai, clock, events } = setUpCanary({ canary: { limits: { gemini: { rpm: 1 } } } });
  for (let call = 0; call < 3; call += 1) await within(clock, 0, ask(ai));
  const untilMs = START_MS + 62_000;
  const expected = { upstream: 'gemini', model: 'gpt-4.1', kind: 'limit', untilMs, atMs: START_MS };
  expect(events.of('rateLimit')).toEqual([expected]);
  await clock.advance(62_000);
  for (let call = 0; call < 3; call += 1) await within(clock, 0, ask(ai));
  expect(events.of('rateLimit')).toHaveLength(2);
});

test('explain() reports a full upstream without using its limit', async () => {
  const { ai, clock } = setUpCanary({ canary: { limits: { gemini: { rpm: 1 } } } });
  ai.canary.explain();
  expect(ai.canary.explain()).toMatchObject({ upstream: 'gemini', skipped: [] });
  await within(clock, 0, ask(ai));
  expect(ai.canary.explain()).toMatchObject({
    upstream: 'openai',
    skipped: [{ upstream: 'gemini', reason: 'limit' }],
  });
});

test('without another upstream the call fails at once, with the time to retry', async () => {
  const { ai, clock, providers, events } = setUp({ canary: { limits: { openai: { rpm: 1 } } } });
  await within(clock, 0, ask(ai));
  const error = await errorWithin(clock, 0, ask(ai));
  expect(error).toBeInstanceOf(RateLimitedError);
  expect(error).toMatchObject({ code: 'RATE_LIMITED', upstream: 'openai', retryAtMs: START_MS + 62_000 });
  expect(providers.sent).toHaveLength(1);
  expect(events.of('call')[1]).toMatchObject({ outcome: 'failure', kind: 'rateLimit', attempts: 0 });
});

test('an upstream with an open breaker is tried before a full one', async () => {
  const { ai, clock, providers } = setUpCanary({
    canary: { limits: { gemini: { rpm: 1 } }, breaker: { consecutive: 1 } },
    client: { maxRetries: 0 },
  });
  providers.script('openai', failed(500));
  await within(clock, 0, ask(ai));
  await errorWithin(clock, 0, ask(ai));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai', 'openai']);
});

test('no sixty seconds have more requests than the limit, wherever they begin', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { limits: { gemini: { rpm: 5 } } } });
  for (let step = 0; step < 400; step += 1) {
    await within(clock, 0, ask(ai));
    await clock.advance(700);
  }
  const times = providers.to('gemini').map(({ atMs }) => atMs);
  for (const [index, atMs] of times.entries()) {
    expect((times[index + 5] ?? Infinity) - atMs).toBeGreaterThanOrEqual(60_000);
  }
  // 280 seconds at 5 in 62.
  expect(times.length).toBeGreaterThanOrEqual(22);
});

test('tokens are held by estimate, and unused ones are released', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { limits: { gemini: { tpm: 1_000 } } } });
  providers.usually('gemini', slowly(1_000, chat('Hello.', { input: 10, output: 5 })));
  const asked = { ...BODY, max_tokens: 600 };
  const first = watch(ai.chat.completions.create(asked));
  await clock.advance(0);
  await within(clock, 0, ai.chat.completions.create(asked));
  expect(providers.asked).toEqual(['gemini', 'openai']);
  await clock.advance(1_000);
  expect(first.now.state).toBe('resolved');
  const second = watch(ai.chat.completions.create(asked));
  await clock.advance(1_000);
  expect(second.now.state).toBe('resolved');
  expect(providers.asked).toEqual(['gemini', 'openai', 'gemini']);
});

test('tokens beyond the estimate count for a minute from the end of the answer', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { limits: { gemini: { tpm: 1_000 } } } });
  providers.script('gemini', chat('Hello.', { input: 10, output: 990 }));
  const asked = { ...BODY, max_tokens: 50 };
  await within(clock, 0, ai.chat.completions.create(asked));
  await clock.advance(59_000);
  await within(clock, 0, ai.chat.completions.create(asked));
  await clock.advance(3_000);
  await within(clock, 0, ai.chat.completions.create(asked));
  expect(providers.asked).toEqual(['gemini', 'openai', 'gemini']);
});

test('the estimate counts where the usage is unknown', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { limits: { gemini: { tpm: 1_000 } } } });
  const { signal, ...abort } = aborter();
  providers.usually('gemini', slowly(1_000));
  const call = watch(ai.chat.completions.create({ ...BODY, max_tokens: 900 }, { signal }));
  await clock.advance(10);
  abort.abort();
  await clock.advance(0);
  expect(call.now.state).toBe('rejected');
  await within(clock, 0, ai.chat.completions.create({ ...BODY, max_tokens: 900 }));
  expect(providers.asked).toEqual(['gemini', 'openai']);
});

test('a call larger than the whole limit is served in an empty minute', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { limits: { gemini: { tpm: 100 } } } });
  await within(clock, 0, ai.chat.completions.create({ ...BODY, max_tokens: 5_000 }));
  expect(providers.asked).toEqual(['gemini']);
});

test('no more attempts than the limit are in flight at a time', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { limits: { gemini: { concurrency: 2 } } } });
  providers.usually('gemini', slowly(1_000));
  const calls = [ask(ai), ask(ai), ask(ai)].map(watch);
  await clock.advance(1_000);
  expect(calls.map(({ now }) => now.state)).toEqual(['resolved', 'resolved', 'resolved']);
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
});

function aborter(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** Ways in which an attempt takes and releases the only slot of an upstream. */
const ENDINGS: readonly { name: string; use: (world: ReturnType<typeof setUpCanary>) => Promise<void> }[] = [
  { name: 'an answer', use: ({ ai, clock }) => within(clock, 0, ask(ai)).then(() => undefined) },
  {
    name: 'a failure',
    use: async ({ ai, clock, providers }) => {
      providers.script('gemini', failed(400));
      await within(clock, 0, ask(ai));
    },
  },
  {
    name: 'a failure followed by a fallback',
    use: async ({ ai, clock, providers }) => {
      providers.script('gemini', failed(401));
      await within(clock, 0, ask(ai));
      await clock.advance(300_000);
    },
  },
  {
    name: 'an abort before the answer',
    use: async ({ ai, clock, providers }) => {
      const { signal, abort } = aborter();
      providers.script('gemini', slowly(1_000));
      const call = watch(ask(ai, { signal }));
      await clock.advance(10);
      abort();
      await clock.advance(0);
      expect(call.now.state).toBe('rejected');
    },
  },
  {
    name: 'an abort before the request',
    use: async ({ ai, clock }) => {
      const { signal, abort } = aborter();
      abort();
      await errorWithin(clock, 0, ask(ai, { signal }));
    },
  },
  {
    name: 'a stream that is read to its end',
    use: async ({ ai, clock }) => {
      const stream = await within(clock, 0, ai.chat.completions.create(STREAM_BODY));
      for await (const chunk of stream) expect(chunk).toBeDefined();
    },
  },
  {
    name: 'a stream that its reader leaves early',
    use: async ({ ai, clock }) => {
      const stream = await within(clock, 0, ai.chat.completions.create(STREAM_BODY));
      for await (const chunk of stream) {
        expect(chunk).toBeDefined();
        break;
      }
    },
  },
  {
    name: 'a stream that is aborted unread',
    use: async ({ ai, clock }) => {
      const stream = await within(clock, 0, ai.chat.completions.create(STREAM_BODY));
      stream.controller.abort();
    },
  },
  {
    name: 'an answer that is not JSON',
    use: async ({ ai, clock, providers }) => {
      providers.script('gemini', () => new Response('<html>', { headers: { 'content-type': 'application/json' } }));
      await within(clock, 20_000, ask(ai));
    },
  },
];

test.each(ENDINGS)('$name leaves exactly one free slot', async ({ use }) => {
  const world = setUpCanary({ canary: { limits: { gemini: { concurrency: 1 } } }, client: { maxRetries: 0 } });
  const { ai, clock, providers } = world;
  await use(world);
  const before = providers.asked.length;
  providers.usually('gemini', slowly(1_000));
  const calls = [ask(ai), ask(ai)].map(watch);
  await clock.advance(1_000);
  expect(calls.map(({ now }) => now.state)).toEqual(['resolved', 'resolved']);
  expect(providers.asked.slice(before)).toEqual(['gemini', 'openai']);
});

test('an unread stream loses its slot after ten minutes', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { limits: { gemini: { concurrency: 1 } } } });
  const unread = await within(clock, 0, ai.chat.completions.create(STREAM_BODY));
  await within(clock, 0, ask(ai));
  await clock.advance(600_000);
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai', 'gemini']);
  expect(unread.controller.signal.aborted).toBe(false);
});

test('retries count towards the limit', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { limits: { gemini: { rpm: 2 } }, retry: { attempts: 5 } } });
  providers.script('gemini', failed(500), failed(500), failed(500));
  await within(clock, 20_000, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
});

test('hedges count towards the limit, and a full upstream gets no hedge', async () => {
  const { ai, clock, providers } = setUpCanary({
    canary: { limits: { openai: { rpm: 1 } }, hedge: { after: 100, maxShare: 1 } },
  });
  providers.usually('gemini', slowly(1_000));
  for (let call = 0; call < 2; call += 1) await within(clock, 1_000, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai', 'gemini']);
});

test('the loser of a hedge releases its slot', async () => {
  const { ai, clock, providers } = setUpCanary({
    canary: { limits: { gemini: { concurrency: 1 } }, hedge: { after: 100, maxShare: 1 } },
  });
  providers.script('gemini', slowly(60_000));
  await within(clock, 100, ask(ai));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai', 'gemini']);
});

test('a slot is released when the breaker refuses the attempt', async () => {
  const { ai, clock, providers } = setUpCanary({
    canary: { limits: { gemini: { rpm: 2 } }, breaker: { consecutive: 1, openFor: '1s' } },
    client: { maxRetries: 0 },
  });
  providers.script('gemini', failed(500), slowly(1_000));
  await within(clock, 0, ask(ai));
  await clock.advance(1_000);
  // The half-open breaker admits one probe and refuses the second call.
  const calls = [ask(ai), ask(ai)].map(watch);
  await clock.advance(1_000);
  expect(calls.map(({ now }) => now.state)).toEqual(['resolved', 'resolved']);
  expect(providers.asked).toEqual(['gemini', 'openai', 'gemini', 'openai']);
  expect(ai.canary.explain().skipped).toEqual([{ upstream: 'gemini', reason: 'limit' }]);
  await clock.advance(61_000);
  expect(ai.canary.explain().skipped).toEqual([]);
});

test('calls that cannot move to another upstream are not limited', async () => {
  const { ai, clock, providers } = setUp({ canary: { limits: { openai: { rpm: 1 } } } });
  providers.usually('openai', json({ object: 'list', data: [] }));
  for (let call = 0; call < 3; call += 1) await within(clock, 0, ai.models.list());
  expect(providers.sent).toHaveLength(3);
});

test('limits of an upstream apply, and the limits option wins over them', async () => {
  const { ai, clock, providers } = setUpCanary({
    upstreams: { gemini: { limits: { rpm: 1 } } },
    canary: { limits: { gemini: { rpm: 2 } } },
  });
  for (let call = 0; call < 3; call += 1) await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
});
