/** Calls go to upstreams that can serve them. */

import type { OpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import { CanaryClient, CapabilityError, route, type CanaryOptions } from '../../src/index.ts';
import { ask, errorWithin, within } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { setUpCanary, type SetUp } from '../support/set-up.ts';

const PICTURE: OpenAI.ChatCompletionCreateParamsNonStreaming = {
  model: 'gpt-4.1',
  messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.test/b.png' } }] }],
};

const look = ({ ai }: SetUp, options = {}) => ai.chat.completions.create(PICTURE, options);

/** A canary `gemini` that sees nothing, and beside stable one more upstream, `groq`. */
function blind(canary: CanaryOptions = {}, groq: object = {}): SetUp {
  return setUpCanary({
    client: { maxRetries: 0 },
    upstreams: { gemini: { capabilities: { vision: false } }, groq },
    canary,
  });
}

describe('an upstream that lacks what the call needs', () => {
  test('is passed over, and the event says why', async () => {
    const set = blind();
    await within(set.clock, 0, look(set));
    expect(set.providers.asked).toEqual(['openai']);
    expect(set.events.of('fallback')).toMatchObject([{ from: 'gemini', to: 'openai', reason: 'capability' }]);
    expect(set.events.of('call')).toMatchObject([{ assigned: 'gemini', upstream: 'openai', outcome: 'success' }]);
  });

  test('serves all other calls', async () => {
    const set = blind();
    await within(set.clock, 0, ask(set.ai));
    expect(set.providers.asked).toEqual(['gemini']);
  });

  test('is passed over as a fallback', async () => {
    const set = blind({ weights: { groq: 1 }, fallbacks: ['gemini', 'openai'] });
    set.providers.script('groq', failed(503));
    await within(set.clock, 0, look(set));
    expect(set.providers.asked).toEqual(['groq', 'openai']);
  });

  test('is passed over as one of the fallbacks named for a failure', async () => {
    const set = blind({ weights: { groq: 1 }, fallbacks: { server: ['gemini'] } });
    set.providers.script('groq', failed(503));
    expect(await errorWithin(set.clock, 0, look(set))).toMatchObject({ status: 503 });
    expect(set.providers.asked).toEqual(['groq']);
  });

  test('is asked all the same where the caller forces it', async () => {
    const set = blind();
    await within(set.clock, 0, look(set, route({ upstream: 'gemini' })));
    expect(set.providers.asked).toEqual(['gemini']);
  });

  test('is known by its provider and model', async () => {
    const set = setUpCanary({ upstreams: { gemini: { provider: 'deepseek', model: 'deepseek-chat' } } });
    await within(set.clock, 0, look(set));
    expect(set.providers.asked).toEqual(['openai']);
  });

  test('may be said to have it', async () => {
    const upstream = { provider: 'deepseek', model: 'deepseek-chat', capabilities: { vision: true } } as const;
    const set = setUpCanary({ upstreams: { gemini: upstream } });
    await within(set.clock, 0, look(set));
    expect(set.providers.asked).toEqual(['gemini']);
  });
});

describe('where no upstream is left that could', () => {
  test('the call is refused before anything is sent, by an error that names what it needs', async () => {
    const set = blind({ fallbacks: [] });
    const error = await errorWithin(set.clock, 0, look(set));
    expect(error).toBeInstanceOf(CapabilityError);
    expect(error).toMatchObject({ code: 'CAPABILITY', upstream: 'gemini', requirement: 'vision' });
    expect((error as Error).message).toContain('gemini cannot serve a call that needs vision');
    expect(set.providers.asked).toEqual([]);
    expect(set.events.of('call')).toMatchObject([{ outcome: 'neutral', attempts: 0, upstream: 'gemini' }]);
  });

  test('nor among the fallbacks, the same', async () => {
    const set = blind({ fallbacks: ['groq'] }, { capabilities: { vision: false } });
    expect(await errorWithin(set.clock, 0, look(set))).toBeInstanceOf(CapabilityError);
    expect(set.providers.asked).toEqual([]);
  });

  test('a call that allows no other upstream is refused as well', async () => {
    const set = blind();
    expect(await errorWithin(set.clock, 0, look(set, route({ fallbacks: false })))).toBeInstanceOf(CapabilityError);
    expect(set.providers.asked).toEqual([]);
  });

  test('but one that is out of service just now, that one is tried', async () => {
    const set = blind({ breaker: { consecutive: 1 } });
    set.providers.script('openai', failed(500));
    await errorWithin(set.clock, 0, look(set));
    await within(set.clock, 0, look(set));
    expect(set.providers.asked).toEqual(['openai', 'openai']);
  });
});

const tool = { type: 'function', function: { name: 'f', parameters: {} } } as const;
const format = { type: 'json_schema', json_schema: { name: 's', schema: {} } } as const;

test.each<[string, Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>]>([
  ['tools', { tools: [tool] }],
  ['jsonSchema', { response_format: format }],
  ['logprobs', { logprobs: true }],
  ['multipleChoices', { n: 2 }],
  ['audio', { modalities: ['audio'] }],
])('a call may need %s', async (requirement, fields) => {
  const set = setUpCanary({ upstreams: { gemini: { capabilities: { [requirement]: false } } } });
  await within(set.clock, 0, set.ai.chat.completions.create({ model: 'm', messages: [], ...fields }));
  expect(set.providers.asked).toEqual(['openai']);
});

test('without a canary option no call is passed over', async () => {
  const { providers, clock } = setUpCanary();
  const ai = new CanaryClient({ apiKey: 'k', baseURL: 'https://gemini.test/v1', fetch: providers.fetch });
  await within(clock, 0, ai.chat.completions.create(PICTURE));
  expect(providers.asked).toEqual(['gemini']);
});
