/** Hedging: a second upstream beside a slow one. */

import { InternalServerError } from 'openai';
import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { STREAM_BODY, ask, errorWithin, watch, within } from '../support/calls.ts';
import { after, chat, failed, response, silent } from '../support/replies.ts';
import { setUp, setUpCanary, type SetUp } from '../support/set-up.ts';
import { chatStream } from '../support/stream-replies.ts';

/** Every call may be hedged after 100 ms. */
const HEDGE = { after: 100, maxShare: 1 } as const;

function hedged(canary: object = {}): SetUp {
  return setUpCanary({ canary: { hedge: HEDGE, breaker: false, ...canary } });
}

test('does not hedge an upstream that answers in time', async () => {
  const { ai, clock, providers } = hedged();
  providers.script('gemini', after(99, chat()));
  await within(clock, 99, ask(ai));
  await clock.advance(1_000);
  expect(providers.asked).toEqual(['gemini']);
});

test('takes the answer of the second upstream and cancels the slow one', async () => {
  const { ai, clock, providers, events } = hedged();
  providers.script('gemini', silent());
  providers.script('openai', after(50, chat('From the second.')));
  const answer = await within(clock, 150, ask(ai));
  expect(answer.choices[0]?.message.content).toBe('From the second.');
  expect(events.of('hedge')).toMatchObject([{ from: 'gemini', to: 'openai', afterMs: 100 }]);
  expect(events.of('attempt')).toMatchObject([
    { upstream: 'openai', reason: 'hedge', outcome: 'success' },
    { upstream: 'gemini', reason: 'first', outcome: 'aborted' },
  ]);
  expect(events.of('call')).toMatchObject([
    { assigned: 'gemini', upstream: 'openai', outcome: 'success', attempts: 2 },
  ]);
  expect(clock.pendingTimers).toBe(0);
});

test('takes the answer of the first upstream if it comes before the second', async () => {
  const { ai, clock, providers, events } = hedged();
  providers.script('gemini', after(120, chat('From the first.')));
  providers.script('openai', after(50, chat('From the second.')));
  const answer = await within(clock, 120, ask(ai));
  await clock.advance(1_000);
  expect(answer.choices[0]?.message.content).toBe('From the first.');
  expect(events.of('attempt').map(({ upstream, outcome }) => `${upstream}: ${outcome}`)).toEqual([
    'gemini: success',
    'openai: aborted',
  ]);
  expect(events.of('call')).toMatchObject([{ upstream: 'gemini' }]);
});

test('the first content wins a stream, and all chunks come from one upstream', async () => {
  const { ai, clock, providers } = hedged();
  providers.script('gemini', after(500, chatStream(['late'])));
  providers.script('openai', chatStream(['one', ' two']));
  const stream = await within(clock, 100, ai.chat.completions.create(STREAM_BODY));
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  expect(text).toBe('one two');
});

test('takes the answer of the second upstream if the first fails meanwhile', async () => {
  const { ai, clock, providers } = hedged({ retry: { attempts: 1 } });
  providers.script('gemini', after(120, failed(400)));
  providers.script('openai', after(100, chat('From the second.')));
  const answer = await within(clock, 200, ask(ai));
  expect(answer.choices[0]?.message.content).toBe('From the second.');
});

test('rejects with the error of the first upstream if both fail', async () => {
  const { ai, clock, providers } = hedged({ retry: { attempts: 1 } });
  providers.script('gemini', after(120, failed(500)));
  providers.script('openai', after(100, failed(400)));
  expect(await errorWithin(clock, 1_000, ask(ai))).toBeInstanceOf(InternalServerError);
  expect(providers.asked).toEqual(['gemini', 'openai']);
});

test('a hedge counts against the attempt budget', async () => {
  const { ai, clock, providers } = hedged({ retry: { attempts: 0 } });
  providers.script('gemini', after(300, chat()));
  await within(clock, 300, ask(ai));
  expect(providers.asked).toEqual(['gemini']);
});

test('retries of both upstreams share the attempt budget', async () => {
  const { ai, clock, providers } = hedged({
    hedge: { after: 50, maxShare: 1 },
    random: () => 0.99,
    retry: { attempts: 2, minDelay: 100, maxDelay: 100 },
  });
  providers.usually('gemini', after(80, failed(503)));
  providers.usually('openai', after(30, failed(503)));
  await errorWithin(clock, 5_000, ask(ai));
  expect(providers.asked).toHaveLength(3);
});

test('hedges at most the configured share of calls', async () => {
  const { ai, clock, providers } = hedged({ hedge: { after: 100, maxShare: 0.05 } });
  providers.usually('gemini', chat());
  const each = async (index: number): Promise<void> => {
    // One call in ten is slow, so the upstream as a whole is not.
    if (index % 10 === 0) providers.script('gemini', after(200, chat()));
    await within(clock, 200, ask(ai));
  };
  for (let index = 1; index <= 100; index += 1) await each(index);
  expect(providers.to('openai')).toHaveLength(5);
});

test('does not hedge while most upstreams are slow', async () => {
  const { ai, clock, providers } = hedged();
  providers.usually('gemini', after(150, chat()));
  for (let index = 0; index < 10; index += 1) await within(clock, 150, ask(ai));
  const before = providers.to('openai').length;
  await within(clock, 150, ask(ai));
  expect(before).toBeGreaterThan(0);
  expect(providers.to('openai')).toHaveLength(before);
});

test('does not hedge a call that continues a response', async () => {
  const { ai, clock, providers } = hedged();
  providers.script('gemini', response('resp_1'), after(500, response('resp_2')));
  await ai.responses.create({ model: 'm', input: 'Hello' });
  await within(clock, 500, ai.responses.create({ model: 'm', input: 'And?', previous_response_id: 'resp_1' }));
  expect(providers.asked).toEqual(['gemini', 'gemini']);
});

test('does not hedge a call without fallbacks', async () => {
  const { ai, clock, providers } = hedged();
  providers.script('gemini', after(500, chat()));
  await within(clock, 500, ask(ai, route({ fallbacks: false })));
  expect(providers.asked).toEqual(['gemini']);
});

test('an abort by the caller ends both attempts', async () => {
  const { ai, clock, providers, events } = hedged();
  providers.script('gemini', silent());
  providers.script('openai', silent());
  const aborter = new AbortController();
  const call = watch(ask(ai, { signal: aborter.signal }));
  await clock.advance(150);
  expect(providers.asked).toEqual(['gemini', 'openai']);
  aborter.abort();
  await clock.advance(0);
  expect(call.now).toMatchObject({ state: 'rejected', error: { name: 'Error' } });
  expect(events.of('attempt').every(({ outcome }) => outcome === 'aborted')).toBe(true);
  expect(events.of('call')).toMatchObject([{ outcome: 'aborted' }]);
  expect(clock.pendingTimers).toBe(0);
});

test('hedges calls beyond the p95, which is known after 20 answers', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { hedge: { after: 'p95', maxShare: 1 }, breaker: false } });
  providers.usually('gemini', after(100, chat()));
  for (let index = 0; index < 20; index += 1) await within(clock, 100, ask(ai));
  await clock.advance(1_000);
  providers.script('gemini', after(5_000, chat()));
  const answer = await within(clock, 110, ask(ai));
  expect(answer.object).toBe('chat.completion');
  expect(providers.to('openai')).toHaveLength(1);
});

test('hedges no call without the option', async () => {
  const { ai, clock, providers } = setUp({ upstreams: { gemini: {} } });
  providers.script('openai', after(60_000, chat()));
  await within(clock, 60_000, ask(ai));
  expect(providers.asked).toEqual(['openai']);
});
