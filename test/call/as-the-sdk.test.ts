/** Where no other upstream can serve a call, it is retried as the SDK retries it, whatever the body of an error says. */

import { OpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/index.ts';
import { ask, errorWithin, within } from '../support/calls.ts';
import { chat, failed, json, type Reply } from '../support/replies.ts';
import { ScriptedProviders } from '../support/scripted-providers.ts';
import { setUp, setUpCanary } from '../support/set-up.ts';

/** The SDK waits on the real clock. */
const SOON = { 'retry-after-ms': '1' };

const BODIES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['no code', {}],
  ['a quota', { code: 'insufficient_quota' }],
  ['an unknown model', { message: 'No available channel for model gpt-4.1' }],
  ['a content filter', { code: 'content_filter' }],
  ['a context length', { code: 'context_length_exceeded' }],
  ['a key', { message: 'Incorrect API key provided' }],
];
const STATUSES = [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529];

describe.each(STATUSES)('a %d', (status) => {
  test.each(BODIES)('that speaks of %s is retried as by the SDK', async (_name, error) => {
    const reply = failed(status, error, SOON);
    const providers = new ScriptedProviders(new ManualClock()).usually('openai', reply);
    const bare = new OpenAI({
      apiKey: 'k',
      baseURL: 'https://openai.test/v1',
      fetch: providers.fetch,
      logLevel: 'off',
    });
    const thrown: unknown = await ask(bare).catch((caught: unknown) => caught);
    const set = setUp();
    set.providers.usually('openai', reply);
    expect(await errorWithin(set.clock, 60_000, ask(set.ai))).toMatchObject({ status, ...pick(thrown) });
    expect(set.providers.asked).toHaveLength(providers.asked.length);
  });
});

function pick(thrown: unknown): object {
  const { message, code } = thrown as { readonly message: string; readonly code: unknown };
  return { message, code };
}

describe('what stable sends in place of an answer', () => {
  const PAGE = '<html>Sorry</html>';
  const page: Reply = () => new Response(PAGE, { headers: { 'content-type': 'text/html' } });

  test('is given, as by the SDK, rather than the error of a retry', async () => {
    const set = setUp({ client: { maxRetries: 1 } });
    set.providers.script('openai', page, failed(401));
    expect({ answer: await within(set.clock, 60_000, ask(set.ai)) }).toEqual({ answer: PAGE });
    expect(set.providers.asked).toEqual(['openai', 'openai']);
    expect(set.events.of('call')).toMatchObject([{ outcome: 'failure', kind: 'malformed' }]);
  });

  test('is given rather than the error of a fallback', async () => {
    const set = setUpCanary({ canary: { weights: { openai: 1 }, fallbacks: ['gemini'] }, client: { maxRetries: 0 } });
    set.providers.script('openai', json({ choices: [] })).script('gemini', failed(503));
    expect(await within(set.clock, 0, ask(set.ai))).toMatchObject({ choices: [] });
    expect(set.providers.asked).toEqual(['openai', 'gemini']);
  });

  test('is not given where another upstream answers', async () => {
    const set = setUpCanary({ canary: { weights: { openai: 1 }, fallbacks: ['gemini'] }, client: { maxRetries: 0 } });
    set.providers.script('openai', page).script('gemini', chat('An answer.'));
    expect((await within(set.clock, 0, ask(set.ai))).choices[0]?.message.content).toBe('An answer.');
  });
});
