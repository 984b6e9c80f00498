/** The caller's bodies and options are never modified. */

import { OpenAI } from 'openai';
import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { within } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { setUp, setUpCanary } from '../support/set-up.ts';
import { chatStream } from '../support/stream-replies.ts';

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}

const CHANGING = { model: 'gemini-2.5-flash', params: { temperature: 0, seed: null }, maxOutputTokens: 100 };

test('accepts frozen bodies and options, on the canary and on its fallback', async () => {
  const { ai, clock, providers } = setUpCanary({ upstreams: { gemini: CHANGING } });
  providers.script('gemini', failed(503), failed(503));
  const body = deepFreeze({
    model: 'gpt-4.1',
    seed: 7,
    messages: [{ role: 'user' as const, content: 'Hi' }],
    tools: [{ type: 'function' as const, function: { name: 'f', parameters: { type: 'object' } } }],
  });
  const options = deepFreeze({ ...route({ key: 'u' }), headers: { 'x-mine': '1' }, timeout: 5_000 });
  await within(clock, 1_000, ai.chat.completions.create(body, options));
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
  expect(providers.sent[1]!.body).toEqual({
    model: 'gemini-2.5-flash',
    temperature: 0,
    messages: body.messages,
    tools: body.tools,
    max_tokens: 100,
  });
  expect(providers.sent[2]!.body).toEqual(body);
});

test('accepts a frozen body of a stream', async () => {
  const { ai, providers } = setUpCanary({ upstreams: { gemini: CHANGING } });
  providers.script('gemini', chatStream(['Hi']));
  const body = deepFreeze({ model: 'm', messages: [], stream: true as const, stream_options: {} });
  const stream = await ai.chat.completions.create(body);
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  expect(chunks).toHaveLength(2);
  expect(body).toEqual({ model: 'm', messages: [], stream: true, stream_options: {} });
});

test('does not modify options that are not frozen', async () => {
  const { ai, clock, providers } = setUpCanary({ upstreams: { gemini: CHANGING } });
  providers.script('gemini', failed(503), failed(503));
  const body = { model: 'gpt-4.1', messages: [] };
  const options = { headers: { 'x-canary-key': 'u' }, maxRetries: 2, signal: new AbortController().signal };
  const before = { ...options, headers: { ...options.headers } };
  await within(clock, 1_000, ai.chat.completions.create(body, options));
  expect(options).toEqual(before);
  expect(body).toEqual({ model: 'gpt-4.1', messages: [] });
});

test('passes the caller’s own body object to the SDK in every attempt', async () => {
  const seen: unknown[] = [];
  const { ai, clock, providers } = setUp({
    canary: { weights: { gemini: 1 }, upstreams: { gemini: { model: 'other' } } },
  });
  // The SDK's public hook that receives the options of each request of the client itself.
  const build = ai.buildRequest.bind(ai);
  ai.buildRequest = (options, ...rest) => {
    seen.push(options.body);
    return build(options, ...rest);
  };
  providers.script('openai', failed(503));
  const body = { model: 'gpt-4.1', messages: [] };
  await within(clock, 1_000, ai.chat.completions.create(body));
  const bare: unknown[] = [];
  const sdk = new OpenAI({ apiKey: 'k', fetch: providers.fetch, baseURL: 'https://openai.test/v1' });
  const buildBare = sdk.buildRequest.bind(sdk);
  sdk.buildRequest = (options, ...rest) => {
    bare.push(options.body);
    return buildBare(options, ...rest);
  };
  await sdk.chat.completions.create(body);
  expect(bare[0]).toBe(body);
  expect(seen).toHaveLength(2);
  for (const sent of seen) expect(sent).toBe(body);
});
