/** The effect of the breaker on calls. */

import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { ask, errorWithin, within } from '../support/calls.ts';
import { after, chat, failed } from '../support/replies.ts';
import { setUpCanary, type SetUp, type SetUpOptions } from '../support/set-up.ts';

const START_MS = Date.UTC(2026, 0, 1);

/** One attempt per upstream and call. */
const setUpPlain = ({ canary, ...rest }: SetUpOptions = {}): SetUp =>
  setUpCanary({ ...rest, canary, client: { maxRetries: 0 } });

/** Opens the breaker of gemini with five failures. */
async function open({ ai, providers }: SetUp): Promise<void> {
  providers.script('gemini', ...Array.from({ length: 5 }, () => failed(503)));
  for (let call = 0; call < 5; call++) await ask(ai);
}

const stateOf = ({ ai }: SetUp, name = 'gemini') => ai.canary.snapshot().upstreams[name]!.breaker.state;

test('opens after 5 consecutive failures and emits an event', async () => {
  const set = setUpPlain();
  set.providers.script('gemini', ...Array.from({ length: 5 }, () => failed(503)));
  for (let call = 0; call < 4; call++) await ask(set.ai);
  expect(stateOf(set)).toBe('closed');
  await ask(set.ai);
  expect(stateOf(set)).toBe('open');
  expect(set.events.of('breaker')).toEqual([
    {
      upstream: 'gemini',
      model: 'gpt-4.1',
      from: 'closed',
      to: 'open',
      reason: 'consecutive',
      untilMs: START_MS + 5_000,
      atMs: START_MS,
    },
  ]);
});

test('makes no attempt on an upstream with an open breaker', async () => {
  const set = setUpPlain();
  await open(set);
  set.providers.sent.length = 0;
  await ask(set.ai);
  expect(set.providers.asked).toEqual(['openai']);
  expect(set.events.of('fallback').at(-1)).toMatchObject({ from: 'gemini', to: 'openai', reason: 'breaker' });
  expect(set.events.of('call').at(-1)).toMatchObject({
    assigned: 'gemini',
    upstream: 'openai',
    attempts: 1,
    fallbacks: 1,
  });
});

test('falls back instead of retrying if the breaker has opened', async () => {
  const set = setUpCanary({ canary: { breaker: { consecutive: 1 } } });
  set.providers.script('gemini', failed(503));
  await within(set.clock, 0, ask(set.ai));
  expect(set.providers.asked).toEqual(['gemini', 'openai']);
  expect(set.events.of('retry')).toEqual([]);
});

test('admits one call at a time while half-open', async () => {
  const set = setUpPlain();
  await open(set);
  await set.clock.advance(5_000);
  set.providers.sent.length = 0;
  set.providers.script('gemini', after(100, chat()));
  const calls = [ask(set.ai), ask(set.ai), ask(set.ai)];
  await set.clock.advance(100);
  await Promise.all(calls);
  expect(set.providers.asked.toSorted()).toEqual(['gemini', 'openai', 'openai']);
  await ask(set.ai);
  expect(set.providers.asked.at(-1)).toBe('gemini');
});

test('closes after 3 successful probes', async () => {
  const set = setUpPlain();
  await open(set);
  await set.clock.advance(5_000);
  await ask(set.ai);
  await ask(set.ai);
  expect(stateOf(set)).toBe('halfOpen');
  await ask(set.ai);
  expect(stateOf(set)).toBe('closed');
  expect(set.events.of('breaker').map(({ from, to, reason }) => [from, to, reason])).toEqual([
    ['closed', 'open', 'consecutive'],
    ['open', 'halfOpen', 'openForElapsed'],
    ['halfOpen', 'closed', 'probesSucceeded'],
  ]);
});

test('doubles the open time with each failed probe, up to 15 s', async () => {
  const set = setUpPlain();
  await open(set);
  for (const openMs of [5_000, 10_000, 15_000, 15_000]) {
    await set.clock.advance(openMs - 1);
    set.providers.sent.length = 0;
    await ask(set.ai);
    await set.clock.advance(1);
    set.providers.script('gemini', failed(503));
    await ask(set.ai);
    expect(set.providers.asked).toEqual(['openai', 'gemini', 'openai']);
  }
});

test.each([
  ['a bad request that stable refuses as well', failed(400)],
  ['a rate limit', failed(429, {}, { 'retry-after': '0' })],
])('%s neither closes nor opens a half-open breaker, and makes room for the next probe', async (_name, reply) => {
  const set = setUpPlain();
  await open(set);
  await set.clock.advance(5_000);
  set.providers.sent.length = 0;
  set.providers.script('gemini', reply).script('openai', reply);
  await Promise.allSettled([ask(set.ai)]);
  expect(stateOf(set)).toBe('halfOpen');
  await ask(set.ai);
  expect(set.providers.asked.filter((name) => name === 'gemini')).toHaveLength(2);
});

test('tries the upstream that becomes half-open soonest if all breakers are open', async () => {
  const set = setUpPlain();
  await open(set);
  await set.clock.advance(1_000);
  set.providers.script('openai', ...Array.from({ length: 5 }, () => failed(503)));
  for (let call = 0; call < 5; call++) await errorWithin(set.clock, 0, ask(set.ai, route({ upstream: 'openai' })));
  expect([stateOf(set), stateOf(set, 'openai')]).toEqual(['open', 'open']);
  set.providers.sent.length = 0;
  await ask(set.ai);
  expect(set.providers.asked).toEqual(['gemini']);
});

test('sends a call without fallbacks to its upstream although the breaker is open, as the SDK would', async () => {
  const set = setUpPlain();
  await open(set);
  set.providers.sent.length = 0;
  await within(set.clock, 0, ask(set.ai, route({ fallbacks: false })));
  expect(set.providers.asked).toEqual(['gemini']);
});

test('breaker: false disables the breaker', async () => {
  const set = setUpPlain({ canary: { breaker: false } });
  set.providers.usually('gemini', failed(503));
  for (let call = 0; call < 20; call++) await ask(set.ai);
  expect(set.providers.to('gemini')).toHaveLength(20);
});

test('each upstream has a breaker of its own', async () => {
  const set = setUpPlain();
  await open(set);
  expect(stateOf(set)).toBe('open');
  expect(stateOf(set, 'openai')).toBe('closed');
});

test('does not count a failing apiKey function as a failure', async () => {
  const set = setUpPlain({
    canary: { breaker: { consecutive: 1 } },
    upstreams: { gemini: { apiKey: () => Promise.reject(new Error('The vault is away.')) } },
  });
  await expect(ask(set.ai)).rejects.toThrow();
  expect(set.providers.sent).toEqual([]);
  expect(stateOf(set)).toBe('closed');
  expect(set.events.of('attempt')).toMatchObject([{ outcome: 'neutral', kind: undefined }]);
});
