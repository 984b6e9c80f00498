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

/** What a provider saw of them. */
function seenBy(sent: readonly { headers: Headers }[]): { ours: string[]; mine: string | null }[] {
  return sent.map(({ headers }) => ({
    ours: [...headers.keys()].filter((name) => name.startsWith('x-canary')),
    mine: headers.get('x-mine'),
  }));
}

const CLEAN = { ours: [], mine: 'kept' };

test.each(FORMS)('given as %s they steer the call, and are sent to nobody', async (_form, headers) => {
  const { ai, clock, providers } = setUp({ upstreams: { gemini: {} } });
  providers.script('gemini', failed(503), failed(503));
  await within(clock, 1_000, ask(ai, { headers }));
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
  expect(seenBy(providers.sent)).toEqual([CLEAN, CLEAN, CLEAN]);
});

test.each(FORMS)('given as %s they are not sent on the client’s own connection either', async (_form, headers) => {
  const { ai, providers } = setUp({ canary: { upstreams: { gemini: { model: 'other' } } } });
  await ask(ai, { headers });
  expect(providers.sent[0]!.body.model).toBe('other');
  expect(seenBy(providers.sent)).toEqual([CLEAN]);
});

test('as default headers of the client they are sent to nobody', async () => {
  const { ai, providers } = setUpCanary({ client: { defaultHeaders: Object.fromEntries(PAIRS) } });
  await ask(ai, { headers: { 'x-canary-upstream': 'openai' } });
  expect(seenBy(providers.sent)).toEqual([CLEAN]);
});

test('on lists and other calls that are not portable they are not sent', async () => {
  const { ai, providers } = setUp({ upstreams: { gemini: {} } });
  const headers = new Headers([
    ['x-canary-key', 'u'],
    ['x-mine', 'kept'],
  ]);
  await ai.models.list({ headers });
  await ai.files.retrieve('file_1', { headers });
  expect(seenBy(providers.sent)).toEqual([CLEAN, CLEAN]);
});

test.each(FORMS)('without a canary option they are not sent either, given as %s', async (_form, headers) => {
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

test('headers that prove who the caller is go to its own provider only', async () => {
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
