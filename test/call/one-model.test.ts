/** Trouble with one model of an upstream leaves its other models in service. */

import { expect, test } from 'vitest';
import type { OpenAI } from 'openai';
import type { CanaryClient } from '../../src/index.ts';
import { BODY, within } from '../support/calls.ts';
import { anything, chat, failed, type Reply } from '../support/replies.ts';
import { setUp, setUpCanary, type SetUp } from '../support/set-up.ts';

const START_MS = Date.UTC(2026, 0, 1);
const ONE_ATTEMPT = { maxRetries: 0 };

const askFor = (ai: CanaryClient, model: string): Promise<OpenAI.ChatCompletion> =>
  ai.chat.completions.create({ ...BODY, model });

/** A client with a spare; `reply` answers requests for `bad`, all others succeed. */
function setUpWithSpare(reply: Reply): SetUp {
  const set = setUp({ client: ONE_ATTEMPT, upstreams: { spare: {} }, canary: { fallbacks: ['spare'] } });
  set.providers.usually('openai', (request) => (request.body.model === 'bad' ? reply : chat())(request));
  return set;
}

const TROUBLES: readonly [string, Reply][] = [
  ['a rate limit', failed(429, { code: 'rate_limit_exceeded' }, { 'retry-after': '120' })],
  ['an outage', failed(503)],
];

test.each(TROUBLES)('after %s of one model, calls for another model stay on their upstream', async (_name, reply) => {
  const { ai, clock, providers } = setUpWithSpare(reply);
  for (let call = 0; call < 6; call++) await within(clock, 0, askFor(ai, 'bad'));
  providers.sent.length = 0;
  for (let call = 0; call < 6; call++) await within(clock, 0, askFor(ai, 'good'));
  expect(providers.asked).toEqual(Array.from({ length: 6 }, () => 'openai'));
});

test.each(TROUBLES)('%s keeps calls for its own model away', async (_name, reply) => {
  const { ai, clock, providers } = setUpWithSpare(reply);
  for (let call = 0; call < 6; call++) await within(clock, 0, askFor(ai, 'bad'));
  providers.sent.length = 0;
  await within(clock, 0, askFor(ai, 'bad'));
  expect(providers.asked).toEqual(['spare']);
});

test('the models of a record are told apart by the model they map to', async () => {
  const relay = { model: { big: 'bad', small: 'good', tiny: 'bad' } };
  const { ai, clock, providers } = setUpCanary({ client: ONE_ATTEMPT, upstreams: { gemini: relay } });
  providers.usually('gemini', (request) => (request.body.model === 'bad' ? failed(503) : chat())(request));
  for (let call = 0; call < 5; call++) await within(clock, 0, askFor(ai, 'big'));
  providers.sent.length = 0;
  for (const model of ['small', 'tiny']) await within(clock, 0, askFor(ai, model));
  expect(providers.asked).toEqual(['gemini', 'openai']);
});

test.each([
  ['a quota that is used up', failed(429, { code: 'insufficient_quota' })],
  ['a refused key', failed(401, { code: 'invalid_api_key' })],
])('%s keeps calls for every model away', async (_name, reply) => {
  const { ai, clock, providers } = setUpWithSpare(reply);
  await within(clock, 0, askFor(ai, 'bad'));
  providers.sent.length = 0;
  await within(clock, 0, askFor(ai, 'good'));
  expect(providers.asked).toEqual(['spare']);
});

test('calls that name no model share one entry of their upstream', async () => {
  const { ai, clock, providers } = setUp({ client: ONE_ATTEMPT });
  providers.usually('openai', failed(503));
  for (let call = 0; call < 5; call++)
    await within(
      clock,
      0,
      ai.moderations.create({ input: 'a' }).catch(() => null),
    );
  providers.usually('openai', anything());
  expect(ai.canary.snapshot().upstreams['openai']?.models).toMatchObject({ '*': { breaker: { state: 'open' } } });
});

test('the snapshot has each model, and the worst of them as the state of the upstream', async () => {
  const { ai, clock } = setUpWithSpare(failed(503));
  for (let call = 0; call < 5; call++) await within(clock, 0, askFor(ai, 'bad'));
  await within(clock, 0, askFor(ai, 'good'));
  const open = { state: 'open', untilMs: START_MS + 5_000 };
  expect(ai.canary.snapshot().upstreams['openai']).toMatchObject({
    breaker: open,
    health: 'degraded',
    models: {
      bad: { attempts: 5, failures: 5, successes: 0, errorRate: 1, breaker: open, health: 'down' },
      good: { attempts: 1, failures: 0, successes: 1, errorRate: 0, breaker: { state: 'closed' }, health: 'healthy' },
    },
  });
});

test('the snapshot tells the pause of a model from those of others', async () => {
  const { ai, clock } = setUpWithSpare(failed(429, {}, { 'retry-after': '120' }));
  for (const model of ['bad', 'good']) await within(clock, 0, askFor(ai, model));
  const { pausedUntilMs, models } = ai.canary.snapshot().upstreams['openai']!;
  expect([pausedUntilMs, models['bad']?.pausedUntilMs, models['good']?.pausedUntilMs]).toEqual([
    START_MS + 120_000,
    START_MS + 120_000,
    null,
  ]);
});

test('events of breakers and rate limits name the model', async () => {
  const { ai, clock, providers, events } = setUpWithSpare(failed(503));
  for (let call = 0; call < 5; call++) await within(clock, 0, askFor(ai, 'bad'));
  providers.script('openai', failed(429));
  await within(clock, 0, askFor(ai, 'good'));
  expect(events.of('breaker')).toMatchObject([{ upstream: 'openai', model: 'bad', to: 'open' }]);
  expect(events.of('rateLimit')).toMatchObject([{ upstream: 'openai', model: 'good', kind: 'rateLimit' }]);
});
