/** Refusals for quota and credentials, which only people can fix: the upstream is paused and an alert fires. */

import { AuthenticationError } from 'openai';
import { expect, test } from 'vitest';
import { ask, errorWithin, within } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { setUp, setUpCanary } from '../support/set-up.ts';

const START_MS = Date.UTC(2026, 0, 1);
const REST_MS = 300_000;

const REFUSALS = [
  { name: '402', kind: 'quota', reply: failed(402) },
  { name: '429 insufficient_quota', kind: 'quota', reply: failed(429, { code: 'insufficient_quota' }) },
  { name: '401', kind: 'auth', reply: failed(401) },
  { name: '403', kind: 'auth', reply: failed(403, { type: 'permission_error' }) },
] as const;

test.each(REFUSALS)('pauses the upstream for five minutes after $name', async ({ kind, reply }) => {
  const { ai, clock, providers, events } = setUpCanary();
  providers.script('gemini', reply);
  await within(clock, 0, ask(ai));
  await within(clock, REST_MS - 1, ask(ai));
  await within(clock, 1, ask(ai));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai', 'openai', 'openai', 'gemini']);
  expect(events.of('rateLimit')).toEqual([
    { upstream: 'gemini', model: 'gpt-4.1', kind, untilMs: START_MS + REST_MS, atMs: START_MS },
  ]);
  expect(events.of('fallback').map(({ reason }) => reason)).toEqual([kind, kind, kind]);
});

test.each(REFUSALS)('fires one alert for $name and resolves it with the next success', async ({ kind, reply }) => {
  const { ai, clock, providers, events } = setUpCanary();
  providers.script('gemini', reply, reply);
  await within(clock, 0, ask(ai));
  await clock.advance(REST_MS);
  await within(clock, 0, ask(ai));
  expect(events.of('alert')).toMatchObject([
    { name: `${kind}:gemini`, metric: kind, upstream: 'gemini', state: 'firing', severity: 'critical', atMs: START_MS },
  ]);
  await clock.advance(REST_MS);
  await within(clock, 0, ask(ai));
  await within(clock, 0, ask(ai));
  expect(events.of('alert').map(({ state }) => state)).toEqual(['firing', 'resolved']);
  expect(events.of('alert')[1]).toMatchObject({ name: `${kind}:gemini`, atMs: START_MS + 2 * REST_MS });
});

test('tries the only upstream although it is paused, and rejects with its error', async () => {
  const { ai, clock, providers } = setUp();
  providers.usually('openai', failed(401));
  expect(await errorWithin(clock, 0, ask(ai))).toBeInstanceOf(AuthenticationError);
  expect(await errorWithin(clock, 0, ask(ai))).toBeInstanceOf(AuthenticationError);
  expect(providers.sent).toHaveLength(2);
});

test('redacts a key that the provider echoes in its error', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { fallbacks: [] } });
  providers.script('gemini', failed(401, { message: 'Incorrect API key provided: key-of-gemini.' }));
  const error = await errorWithin(clock, 0, ask(ai));
  expect(error).toMatchObject({ message: '401 Incorrect API key provided: [redacted].' });
  expect(JSON.stringify(error)).not.toContain('key-of-gemini');
  expect(String((error as Error).stack)).not.toContain('key-of-gemini');
});
