/** Calls go only to upstreams with the capabilities that they need. */

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

/** A canary `gemini` without vision, stable `openai`, and a third upstream `groq`. */
function blind(canary: CanaryOptions = {}, groq: object = {}): SetUp {
  return setUpCanary({
    client: { maxRetries: 0 },
    upstreams: { gemini: { capabilities: { vision: false } }, groq },
    canary,
  });
}

describe('an upstream without a capability that the call needs', () => {
  test('is skipped, and the fallback event names the reason', async () => {
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

  test('is skipped as a fallback', async () => {
    const set = blind({ weights: { groq: 1 }, fallbacks: ['gemini', 'openai'] });
    set.providers.script('groq', failed(503));
    await within(set.clock, 0, look(set));
    expect(set.providers.asked).toEqual(['groq', 'openai']);
  });

  test('is skipped as a fallback that is listed for the failure kind', async () => {
    const set = blind({ weights: { groq: 1 }, fallbacks: { server: ['gemini'] } });
    set.providers.script('groq', failed(503));
    expect(await errorWithin(set.clock, 0, look(set))).toMatchObject({ status: 503 });
    expect(set.providers.asked).toEqual(['groq']);
  });

  test('is tried if the caller forces it', async () => {
    const set = blind();
    await within(set.clock, 0, look(set, route({ upstream: 'gemini' })));
    expect(set.providers.asked).toEqual(['gemini']);
  });

  test('is recognised by its provider and model', async () => {
    const set = setUpCanary({ upstreams: { gemini: { provider: 'deepseek', model: 'deepseek-chat' } } });
    await within(set.clock, 0, look(set));
    expect(set.providers.asked).toEqual(['openai']);
  });

  test('can declare the capability in its options', async () => {
    const upstream = { provider: 'deepseek', model: 'deepseek-chat', capabilities: { vision: true } } as const;
    const set = setUpCanary({ upstreams: { gemini: upstream } });
    await within(set.clock, 0, look(set));
    expect(set.providers.asked).toEqual(['gemini']);
  });
});

describe('without any capable upstream', () => {
  test('the call is rejected before a request is sent, by an error that names the capability', async () => {
    const set = blind({ fallbacks: [] });
    const error = await errorWithin(set.clock, 0, look(set));
    expect(error).toBeInstanceOf(CapabilityError);
    expect(error).toMatchObject({ code: 'CAPABILITY', upstream: 'gemini', requirement: 'vision' });
    expect((error as Error).message).toContain('Upstream gemini does not support vision, which the call needs');
    expect(set.providers.asked).toEqual([]);
    expect(set.events.of('call')).toMatchObject([{ outcome: 'neutral', attempts: 0, upstream: 'gemini' }]);
  });

  test('the call is rejected if the fallbacks lack the capability, too', async () => {
    const set = blind({ fallbacks: ['groq'] }, { capabilities: { vision: false } });
    expect(await errorWithin(set.clock, 0, look(set))).toBeInstanceOf(CapabilityError);
    expect(set.providers.asked).toEqual([]);
  });

  test('a call without fallbacks is rejected as well', async () => {
    const set = blind();
    expect(await errorWithin(set.clock, 0, look(set, route({ fallbacks: false })))).toBeInstanceOf(CapabilityError);
    expect(set.providers.asked).toEqual([]);
  });

  test('a capable upstream that is out of service is tried', async () => {
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
])('recognises that a call needs %s', async (requirement, fields) => {
  const set = setUpCanary({ upstreams: { gemini: { capabilities: { [requirement]: false } } } });
  await within(set.clock, 0, set.ai.chat.completions.create({ model: 'm', messages: [], ...fields }));
  expect(set.providers.asked).toEqual(['openai']);
});

test('skips no upstream without the canary option', async () => {
  const { providers, clock } = setUpCanary();
  const ai = new CanaryClient({ apiKey: 'k', baseURL: 'https://gemini.test/v1', fetch: providers.fetch });
  await within(clock, 0, ai.chat.completions.create(PICTURE));
  expect(providers.asked).toEqual(['gemini']);
});
