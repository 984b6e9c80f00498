/** `canary.fetch()`: requests of other libraries go through the client. */

import { OpenAI } from 'openai';
import { afterEach, expect, test, vi } from 'vitest';
import { BODY, STREAM_BODY, drain, within } from '../support/calls.ts';
import { messageOf } from '../support/message-of.ts';
import { failed, json } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';
import { chatStream } from '../support/stream-replies.ts';

const UPSTREAMS = { upstreams: { gemini: {} } };
const URL_OF_CHAT = 'https://framework.test/v1/chat/completions';
const post = (body: object, headers = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: 'Bearer key-of-framework', ...headers },
  body: JSON.stringify(body),
});

afterEach(() => vi.unstubAllGlobals());

test('a request is routed by the options, with the credentials of the upstream', async () => {
  const { ai, providers } = setUp(UPSTREAMS);
  const response = await ai.canary.fetch({ upstream: 'gemini' })(URL_OF_CHAT, post(BODY, { 'x-mine': 'kept' }));
  expect(await response.json()).toMatchObject({ choices: [{}] });
  const [sent] = providers.sent;
  expect(sent).toMatchObject({ provider: 'gemini', body: { model: BODY.model } });
  expect(sent!.headers.get('authorization')).toBe('Bearer key-of-gemini');
  expect(sent!.headers.get('x-mine')).toBe('kept');
});

test('a failing upstream is retried and fallen back from', async () => {
  const { ai, clock, providers } = setUp(UPSTREAMS);
  providers.script('gemini', failed(503), failed(503));
  const asked = ai.canary.fetch({ upstream: 'gemini' })(new URL(URL_OF_CHAT), post(BODY));
  expect((await within(clock, 2_000, asked)).status).toBe(200);
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
});

test('the SDK streams through it, and run() routes its calls', async () => {
  const { ai, providers } = setUp(UPSTREAMS);
  providers.script('gemini', chatStream(['Hello']));
  const other = new OpenAI({ apiKey: 'unused', fetch: ai.canary.fetch(), maxRetries: 0 });
  const stream = await ai.canary.run({ upstream: 'gemini' }, () => other.chat.completions.create(STREAM_BODY));
  await drain(stream);
  expect(providers.asked).toEqual(['gemini']);
  expect(providers.sent[0]!.headers.get('authorization')).toBe('Bearer key-of-gemini');
});

test('a Request object with a query is sent as it is meant', async () => {
  const { ai, providers } = setUp();
  providers.script('openai', json({ data: [], has_more: false }));
  await ai.canary.fetch()(new Request('https://framework.test/v1/files?limit=7'));
  expect(providers.sent[0]!.path).toBe('/files?limit=7');
});

test('a refusal of the provider is a response with its status and body', async () => {
  const { ai, providers } = setUp();
  providers.script('openai', json({ error: { message: 'No such model', code: 'bad' } }, { status: 400 }));
  const response = await ai.canary.fetch()(URL_OF_CHAT, post(BODY));
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ error: { message: 'No such model', code: 'bad' } });
});

test('an abort rejects with the reason of the signal', async () => {
  const { ai } = setUp();
  const controller = new AbortController();
  const asked = ai.canary.fetch()(URL_OF_CHAT, { ...post(BODY), signal: controller.signal });
  controller.abort(new Error('left'));
  await expect(asked).rejects.toThrow('left');
});

test('requests to other addresses go to the global fetch unchanged', async () => {
  const { ai, providers } = setUp();
  const other = vi.fn(async () => new Response('elsewhere'));
  vi.stubGlobal('fetch', other);
  const init = post({ text: 1 });
  expect(await (await ai.canary.fetch()('https://other.test/search', init)).text()).toBe('elsewhere');
  expect(other).toHaveBeenCalledWith('https://other.test/search', init);
  expect(providers.sent).toEqual([]);
});

test('its options are checked like those of route()', () => {
  const { ai } = setUp();
  const untyped = ai.canary as unknown as { fetch: (options: object) => unknown };
  expect(messageOf(() => untyped.fetch({ user: 'u' }))).toBe('fetch.user is not an option; did you mean key?');
});
