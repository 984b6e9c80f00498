/** How long a rate-limited model is left alone, by what its provider states. */

import { expect, test } from 'vitest';
import { ask, within } from '../support/calls.ts';
import { json, type Reply } from '../support/replies.ts';
import { setUpCanary } from '../support/set-up.ts';

const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

const limited = (headers: Record<string, string>, body: unknown = { error: { message: 'Slow down.' } }): Reply =>
  json(body, { status: 429, headers });

const gemini = (retryDelay: string) => ({
  error: {
    code: 429,
    message: 'You exceeded your current quota.',
    status: 'RESOURCE_EXHAUSTED',
    details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }],
  },
});

test.each<[string, Reply, number]>([
  ['seconds', limited({ 'retry-after': '12' }), 12_000],
  ['milliseconds', limited({ 'retry-after-ms': '1200' }), 1_200],
  ['milliseconds of Azure', limited({ 'x-ms-retry-after-ms': '1300' }), 1_300],
  ['a date', limited({ 'retry-after': new Date(START_MS + 20_000).toUTCString() }), 20_000],
  ['s since the Unix epoch', limited({ 'retry-after': String(START_MS / 1000 + 20) }), 20_000],
  ['ms since the Unix epoch, as by OpenRouter', limited({ 'x-ratelimit-reset': String(START_MS + 20_000) }), 20_000],
  ['a time tomorrow', limited({ 'x-ratelimit-reset': String(START_MS + 24 * HOUR_MS) }), HOUR_MS],
  ['a negative wait', limited({ 'retry-after': '-30' }), 1_000],
  ['a time that has passed', limited({ 'retry-after': String(START_MS / 1000 - 20) }), 1_000],
  ['nothing', limited({}), 1_000],
  ['a duration of OpenAI', limited({ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '6s' }), 6_000],
  [
    'a date of Anthropic',
    limited({
      'anthropic-ratelimit-tokens-remaining': '0',
      'anthropic-ratelimit-tokens-reset': '2026-01-01T00:00:45Z',
    }),
    45_000,
  ],
  [
    'seconds of Cerebras',
    limited({ 'x-ratelimit-remaining-tokens-minute': '0', 'x-ratelimit-reset-tokens-minute': '11.5' }),
    11_500,
  ],
  ['RetryInfo of Gemini', limited({}, gemini('34.07s')), 34_070],
  ['RetryInfo of Gemini in an array', limited({}, [gemini('34.07s')]), 34_070],
  ['prose', limited({}, { error: { message: 'Please try again in 9m38.5s.' } }), 578_500],
])('a 429 that states %s', async (_name, reply, pauseMs) => {
  const { ai, clock, providers, events } = setUpCanary();
  providers.script('gemini', reply);
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai']);
  expect(events.of('rateLimit')).toMatchObject([{ kind: 'rateLimit', untilMs: START_MS + pauseMs }]);
  await within(clock, pauseMs - 1, ask(ai));
  await within(clock, 1, ask(ai));
  await within(clock, 0, ask(ai));
  expect(providers.asked.slice(2)).toEqual(['openai', 'openai', 'gemini']);
});
