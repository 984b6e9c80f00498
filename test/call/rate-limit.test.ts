/** Rate limits, and the pause that follows them. */

import { RateLimitError } from 'openai';
import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { ask, errorWithin, watch, within } from '../support/calls.ts';
import { chat, failed } from '../support/replies.ts';
import { setUp, setUpCanary } from '../support/set-up.ts';

const START_MS = Date.UTC(2026, 0, 1);

const WAITS: readonly { name: string; headers: Record<string, string> }[] = [
  { name: 'retry-after-ms', headers: { 'retry-after-ms': '4000' } },
  { name: 'retry-after in seconds', headers: { 'retry-after': '4' } },
  { name: 'retry-after as a date', headers: { 'retry-after': new Date(START_MS + 4_000).toUTCString() } },
  { name: 'x-ratelimit-reset-requests', headers: { 'x-ratelimit-reset-requests': '4s' } },
];

test.each(WAITS)('waits for the only upstream exactly as long as $name says', async ({ headers }) => {
  const { ai, clock, providers, events } = setUp();
  providers.script('openai', failed(429, {}, headers));
  const call = watch(ask(ai));
  await clock.advance(3_999);
  expect(providers.sent).toHaveLength(1);
  expect(call.now.state).toBe('pending');
  await clock.advance(1);
  expect(call.now.state).toBe('resolved');
  expect(providers.sent.map(({ atMs }) => atMs - START_MS)).toEqual([0, 4_000]);
  expect(events.of('retry')).toMatchObject([{ upstream: 'openai', kind: 'rateLimit', delayMs: 4_000 }]);
});

test.each(WAITS)('falls back at once despite $name', async ({ headers }) => {
  const { ai, clock, providers } = setUpCanary();
  providers.script('gemini', failed(429, {}, headers));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai']);
});

test('does not start a wait that would end after the deadline', async () => {
  const { ai, clock, providers } = setUp({ canary: { timeouts: { deadline: '10s' } } });
  providers.script('openai', failed(429, {}, { 'retry-after': '10' }));
  const error = await errorWithin(clock, 0, ask(ai));
  expect(error).toBeInstanceOf(RateLimitError);
  expect(providers.sent).toHaveLength(1);
});

test('waits if the wait ends just before the deadline', async () => {
  const { ai, clock, providers } = setUp({ canary: { timeouts: { deadline: '10s' } } });
  providers.script('openai', failed(429, {}, { 'retry-after-ms': '9999' }));
  await within(clock, 9_999, ask(ai));
  expect(providers.sent).toHaveLength(2);
});

test.each([
  ['60', {}, [0, 60_000]],
  ['90', { retry: { maxRetryAfter: '2m' } }, [0, 90_000]],
] as const)('waits for a retry-after of %s s up to maxRetryAfter', async (seconds, canary, sentAtMs) => {
  const { ai, clock, providers } = setUp({ canary });
  providers.script('openai', failed(429, {}, { 'retry-after': seconds }));
  await within(clock, 90_000, ask(ai));
  expect(providers.sent.map(({ atMs }) => atMs - START_MS)).toEqual(sentAtMs);
});

test.each([429, 503])(
  'fails at once with the %i of the only upstream if its retry-after exceeds maxRetryAfter',
  async (status) => {
    const { ai, clock, providers } = setUp();
    providers.usually('openai', failed(status, {}, { 'retry-after': '300' }));
    expect(await errorWithin(clock, 0, ask(ai))).toMatchObject({ status });
    expect(providers.sent).toHaveLength(1);
  },
);

test('other calls skip a paused upstream until its pause ends', async () => {
  const { ai, clock, providers, events } = setUpCanary();
  providers.script('gemini', failed(429, {}, { 'retry-after': '30' }));
  await within(clock, 0, ask(ai));
  await within(clock, 0, ask(ai));
  await clock.advance(29_999);
  await within(clock, 0, ask(ai));
  await clock.advance(1);
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai', 'openai', 'openai', 'gemini']);
  expect(events.of('fallback').map(({ reason }) => reason)).toEqual(['rateLimit', 'rateLimit', 'rateLimit']);
});

test('emits a rateLimit event with the end of the pause', async () => {
  const { ai, clock, providers, events } = setUpCanary();
  providers.script('gemini', failed(429, {}, { 'retry-after': '30' }));
  await within(clock, 0, ask(ai));
  const about = { upstream: 'gemini', model: 'gpt-4.1', kind: 'rateLimit' };
  const expected = { ...about, untilMs: START_MS + 30_000, atMs: START_MS };
  expect(events.of('rateLimit')).toEqual([expected]);
  expect(ai.canary.snapshot().upstreams['gemini']!.pausedUntilMs).toBe(START_MS + 30_000);
});

test('pauses an upstream for a second without a retry-after', async () => {
  const { ai, clock, providers, events } = setUpCanary();
  providers.script('gemini', failed(429));
  await within(clock, 0, ask(ai));
  expect(events.of('rateLimit')).toMatchObject([{ untilMs: START_MS + 1_000 }]);
});

test('tries the upstream whose pause ends first if all are paused', async () => {
  const { ai, clock, providers } = setUpCanary({ client: { maxRetries: 0 } });
  providers.script('gemini', failed(429, {}, { 'retry-after': '30' }));
  providers.script('openai', failed(429, {}, { 'retry-after': '20' }));
  await errorWithin(clock, 0, ask(ai));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai', 'openai']);
});

test('an answer from a paused upstream ends its pause', async () => {
  const { ai, clock, providers } = setUp({ client: { maxRetries: 0 } });
  providers.script('openai', failed(429, {}, { 'retry-after': '30' }), chat());
  await errorWithin(clock, 0, ask(ai));
  await within(clock, 0, ask(ai));
  expect(ai.canary.snapshot().upstreams['openai']!.pausedUntilMs).toBeNull();
});

test('falls back if the upstream is paused during the back-off', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { random: () => 0.9 } });
  providers.script('gemini', failed(503), failed(429, {}, { 'retry-after': '30' }));
  const retried = watch(ask(ai));
  await clock.advance(100);
  await within(clock, 0, ask(ai));
  await clock.advance(1_000);
  expect(retried.now.state).toBe('resolved');
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai', 'openai']);
});

test('skips a paused fallback', async () => {
  const { ai, clock, providers } = setUpCanary({
    upstreams: { first: {} },
    canary: { fallbacks: ['first', 'openai'] },
    client: { maxRetries: 0 },
  });
  providers.script('first', failed(429, {}, { 'retry-after': '30' }));
  await within(clock, 0, ask(ai, route({ upstream: 'first' })));
  providers.sent.length = 0;
  providers.script('gemini', failed(503));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai']);
});
