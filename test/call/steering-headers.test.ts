/** `x-canary-key` and `x-canary-upstream` steer a call and never leave the process. */

import type { OpenAI } from 'openai';
import { expect, test } from 'vitest';
import { CanaryClient } from '../../src/index.ts';
import { ask, within } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { setUp, setUpCanary } from '../support/set-up.ts';

const PAIRS: [string, string][] = [
  ['X-Canary-Key', 'user-1'],
  ['X-Canary-Upstream', 'gemini'],
  ['x-mine', 'kept'],
];

const FORMS: readonly [string, OpenAI.RequestOptions['headers']][] = [
  ['a record', Object.fromEntries(PAIRS)],
  ['a Headers object', new Headers(PAIRS)],
  ['a list of pairs', PAIRS],
];

/** The steering headers that a provider received. */
function seenBy(sent: readonly { headers: Headers }[]): { ours: string[]; mine: string | null }[] {
  return sent.map(({ headers }) => ({
    ours: [...headers.keys()].filter((name) => name.startsWith('x-canary')),
    mine: headers.get('x-mine'),
  }));
}

const CLEAN = { ours: [], mine: 'kept' };

test.each(FORMS)('steer the call and are not sent, given as %s', async (_form, headers) => {
  const { ai, clock, providers } = setUp({ upstreams: { gemini: {} } });
  providers.script('gemini', failed(503), failed(503));
  await within(clock, 1_000, ask(ai, { headers }));
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
  expect(seenBy(providers.sent)).toEqual([CLEAN, CLEAN, CLEAN]);
});

test.each(FORMS)('are not sent on the client’s own connection, given as %s', async (_form, headers) => {
  const { ai, providers } = setUp({ canary: { upstreams: { gemini: { model: 'other' } } } });
  await ask(ai, { headers });
  expect(providers.sent[0]!.body.model).toBe('other');
  expect(seenBy(providers.sent)).toEqual([CLEAN]);
});

test('are not sent if they are default headers of the client', async () => {
  const { ai, providers } = setUpCanary({ client: { defaultHeaders: Object.fromEntries(PAIRS) } });
  await ask(ai, { headers: { 'x-canary-upstream': 'openai' } });
  expect(seenBy(providers.sent)).toEqual([CLEAN]);
});

test('are not sent with lists and other calls that are not portable', async () => {
  const { ai, providers } = setUp({ upstreams: { gemini: {} } });
  const headers = new Headers([
    ['x-canary-key', 'u'],
    ['x-mine', 'kept'],
  ]);
  await ai.models.list({ headers });
  await ai.files.retrieve('file_1', { headers });
  expect(seenBy(providers.sent)).toEqual([CLEAN, CLEAN]);
});

test.each(FORMS)('are not sent without the canary option, given as %s', async (_form, headers) => {
  const sent: { headers: Headers }[] = [];
  const ai = new CanaryClient({
    apiKey: 'k',
    fetch: async (_url, init) => {
      sent.push({ headers: new Headers(init?.headers) });
      return Response.json({ choices: [] });
    },
  });
  await ask(ai, { headers });
  expect(seenBy(sent)).toEqual([CLEAN]);
});

test('sends the caller’s credentials in headers only to the client’s own provider', async () => {
  const { ai, clock, providers } = setUpCanary();
  providers.script('gemini', failed(401));
  const headers = { authorization: 'Bearer mine', 'openai-organization': 'org', cookie: 'c=1', 'x-mine': 'kept' };
  await within(clock, 0, ask(ai, { headers }));
  const [gemini, openai] = providers.sent;
  expect(gemini!.headers.get('authorization')).toBe('Bearer key-of-gemini');
  expect(gemini!.headers.get('openai-organization')).toBeNull();
  expect(gemini!.headers.get('cookie')).toBeNull();
  expect(openai!.headers.get('authorization')).toBe('Bearer mine');
  expect(seenBy(providers.sent)).toEqual([CLEAN, CLEAN]);
});
