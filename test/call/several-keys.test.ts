/** An upstream with several API keys: one that is refused, out of quota or rate-limited is passed over for the next. */

import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { CanaryClient } from '../../src/index.ts';
import { ask, BODY, errorWithin, within } from '../support/calls.ts';
import { chat, failed, type Reply } from '../support/replies.ts';
import { setUpCanary, type SetUp } from '../support/set-up.ts';

const START_MS = Date.UTC(2026, 0, 1);
const KEYS = ['secret-of-one', 'secret-of-two'];

function setUpKeys(options: Parameters<typeof setUpCanary>[0] = {}): SetUp {
  return setUpCanary({ client: { maxRetries: 0 }, upstreams: { gemini: { apiKey: KEYS } }, ...options });
}

/** The keys of the requests to gemini, in order. */
const keysOf = ({ providers }: SetUp): (string | null)[] =>
  providers.to('gemini').map(({ headers }) => headers.get('authorization')?.replace('Bearer ', '') ?? null);

const REFUSALS: readonly [string, Reply, number][] = [
  ['refused', failed(401, { code: 'invalid_api_key' }), 300_000],
  ['refused with 400, as by Gemini', failed(400, { message: 'API key not valid.' }), 300_000],
  ['out of quota', failed(429, { code: 'insufficient_quota' }), 300_000],
  ['out of credit', failed(402), 300_000],
  ['rate-limited', failed(429, {}, { 'retry-after': '30' }), 30_000],
];

test.each(REFUSALS)('a key that is %s is passed over for the next, within the call', async (_name, reply) => {
  const set = setUpKeys();
  set.providers.script('gemini', reply);
  await within(set.clock, 0, ask(set.ai));
  expect(keysOf(set)).toEqual(KEYS);
  expect(set.events.of('call')).toMatchObject([{ upstream: 'gemini', outcome: 'success', attempts: 1 }]);
  expect(set.events.of('rateLimit')).toEqual([]);
});

test.each(REFUSALS)('a key that is %s is used again when its own pause ends', async (_name, reply, pauseMs) => {
  const set = setUpKeys();
  set.providers.script('gemini', reply);
  await within(set.clock, 0, ask(set.ai));
  set.providers.sent.length = 0;
  await within(set.clock, pauseMs - 1, ask(set.ai));
  await within(set.clock, 1, ask(set.ai));
  await within(set.clock, 0, ask(set.ai));
  expect(keysOf(set)).toEqual([KEYS[1], KEYS[1], KEYS[0]]);
});

test('a rate limit of one model leaves the key for other models', async () => {
  const set = setUpKeys();
  const askFor = (ai: CanaryClient, model: string) => ai.chat.completions.create({ ...BODY, model });
  set.providers.script('gemini', failed(429, {}, { 'retry-after': '30' }));
  for (const model of ['big', 'big', 'small']) await within(set.clock, 0, askFor(set.ai, model));
  expect(keysOf(set)).toEqual([KEYS[0], KEYS[1], KEYS[1], KEYS[0]]);
});

test('where all keys are limited the next upstream answers, until the first of them is free', async () => {
  const set = setUpKeys();
  const limited = (seconds: string): Reply => failed(429, {}, { 'retry-after': seconds });
  set.providers.script('gemini', limited('10'), limited('60'));
  await within(set.clock, 0, ask(set.ai));
  expect(set.providers.asked).toEqual(['gemini', 'gemini', 'openai']);
  expect(set.events.of('rateLimit')).toMatchObject([{ upstream: 'gemini', untilMs: START_MS + 10_000 }]);
  set.providers.sent.length = 0;
  await within(set.clock, 9_999, ask(set.ai));
  await within(set.clock, 1, ask(set.ai));
  await within(set.clock, 0, ask(set.ai));
  expect(set.providers.asked).toEqual(['openai', 'openai', 'gemini']);
  expect(keysOf(set)).toEqual([KEYS[0]]);
});

test('an error that does not concern the key is not sent again with another one', async () => {
  const set = setUpKeys();
  set.providers.script('gemini', failed(422));
  await within(set.clock, 0, ask(set.ai));
  expect(keysOf(set)).toEqual([KEYS[0]]);
  expect(set.providers.asked).toEqual(['gemini', 'openai']);
});

test('files and other requests without a model use the next key, too', async () => {
  const set = setUpKeys();
  set.providers.script('gemini', failed(401));
  await within(set.clock, 0, set.ai.moderations.create({ input: 'a' }, { headers: { 'x-canary-upstream': 'gemini' } }));
  expect(keysOf(set)).toEqual(KEYS);
});

test('no key appears in an error, an event, a warning or the client', async () => {
  const warned: unknown[] = [];
  const set = setUpKeys({ canary: { logger: { warn: (...args: unknown[]) => warned.push(...args) }, fallbacks: [] } });
  const echo: Reply = (request) => failed(401, { message: `Incorrect API key provided: ${KEYS.join(' ')}` })(request);
  set.providers.usually('gemini', echo);
  const error = await errorWithin(set.clock, 0, ask(set.ai));
  set.providers.usually('gemini', chat());
  const shown = inspect([error, warned, set.ai, set.ai.canary.snapshot(), set.events.of('warning')], { depth: 12 });
  expect(shown).not.toContain(KEYS[0]);
  expect(shown).not.toContain(KEYS[1]);
  expect(warned).toHaveLength(2);
});
