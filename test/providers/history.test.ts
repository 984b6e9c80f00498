/** The history of a conversation that another provider began, as it reaches each provider. */

import type { OpenAI } from 'openai';
import { expect, test } from 'vitest';
import { fitMessages } from '../../src/providers/fit-messages.ts';
import { dialectChanges } from '../../src/providers/dialect.ts';
import type { ProviderName } from '../../src/index.ts';
import { failed } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';

/** What answers of several providers leave in a history. */
const ASSISTANT = {
  role: 'assistant',
  content: null,
  refusal: null,
  annotations: [],
  audio: null,
  reasoning_content: 'Think.',
  reasoning_details: [{ type: 'reasoning.text', text: 'Think.' }],
  provider_specific_fields: {},
  tool_calls: [
    {
      index: 0,
      id: 'call_1',
      type: 'function',
      function: { name: 'add', arguments: '{}' },
      extra_content: { google: {} },
    },
  ],
};
const MESSAGES = [{ role: 'user', content: 'Hi' }, ASSISTANT, { role: 'tool', tool_call_id: 'call_1', content: '4' }];
const BODY = {
  model: 'gpt-5',
  messages: MESSAGES,
  verbosity: 'low',
  prompt_cache_retention: '24h',
  service_tier: 'default',
  reasoning_effort: 'minimal',
} as unknown as OpenAI.ChatCompletionCreateParamsNonStreaming;

/** The body that a fallback of this provider gets after stable failed. */
async function sentTo(provider: ProviderName, model: string) {
  const { ai, providers } = setUp({
    upstreams: { spare: { provider, model } },
    canary: { fallbacks: ['spare'], retry: { attempts: 1 } },
    client: { maxRetries: 0 },
  });
  providers.usually('openai', failed(503));
  await ai.chat.completions.create(BODY);
  return providers.to('spare')[0]!.body as { messages: Record<string, unknown>[] } & Record<string, unknown>;
}

const TOOL_CALL = { id: 'call_1', type: 'function', function: { name: 'add', arguments: '{}' } };

test('groq gets none of the fields that it refuses', async () => {
  const { messages, ...body } = await sentTo('groq', 'llama-4');
  expect(messages[1]).toEqual({ role: 'assistant', content: null, tool_calls: [TOOL_CALL] });
  expect(messages[0]).toEqual(MESSAGES[0]);
  expect(messages[2]).toEqual(MESSAGES[2]);
  expect(body).toEqual({ model: 'llama-4' });
});

test('gemini gets no null and no unknown fields, and its own signature back', async () => {
  const { messages, ...body } = await sentTo('gemini', 'gemini-2.5-flash');
  expect(messages[1]).toEqual({
    role: 'assistant',
    content: null,
    tool_calls: [{ ...TOOL_CALL, extra_content: { google: {} } }],
  });
  expect(body).toEqual({ model: 'gemini-2.5-flash', service_tier: 'default', reasoning_effort: 'minimal' });
});

test('openai gets its own fields, and none of other providers', async () => {
  const { messages } = await sentTo('openai', 'gpt-5');
  const { refusal, annotations, audio } = ASSISTANT;
  expect(messages[1]).toEqual({
    role: 'assistant',
    content: null,
    refusal,
    annotations,
    audio,
    tool_calls: [TOOL_CALL],
  });
});

test.each(['deepseek', 'openrouter'] as const)(
  '%s, which ignores unknown fields, gets the history as it is',
  async (provider) => {
    const { messages } = await sentTo(provider, 'deepseek-v3.2');
    expect(messages).toEqual(MESSAGES);
  },
);

test('the caller’s messages are not changed', async () => {
  const before = structuredClone(BODY);
  await sentTo('groq', 'llama-4');
  expect(BODY).toEqual(before);
});

test('a refusal becomes the content where the field is not supported', () => {
  const refused = [{ role: 'assistant', content: null, refusal: 'No.' }];
  expect(fitMessages(refused, { name: false, fields: new Set(['role', 'content']) })).toEqual([
    { role: 'assistant', content: 'No.' },
  ]);
});

const effort = (model: string, reasoning_effort: string) =>
  dialectChanges('groq', { surface: 'chat', model }, { reasoning_effort })[0];

test.each([
  ['openai/gpt-oss-120b', 'minimal', { change: 'set', value: 'low' }],
  ['openai/gpt-oss-120b', 'xhigh', { change: 'set', value: 'high' }],
  ['qwen/qwen3-32b', 'high', { change: 'set', value: 'default' }],
  ['llama-3.3-70b-versatile', 'low', { change: 'remove' }],
])('groq gets an effort that %s supports instead of %s', (model, level, change) => {
  expect(effort(model, level)).toMatchObject(change);
});

test.each([
  ['openai/gpt-oss-120b', 'medium'],
  ['qwen/qwen3-32b', 'none'],
])('groq gets the effort that %s supports as it is', (model, level) => {
  expect(effort(model, level)).toBeUndefined();
});

test('deepseek-reasoner gets no logprobs, which it refuses', () => {
  const changes = (model: string) => dialectChanges('deepseek', { surface: 'chat', model }, { logprobs: true });
  expect(changes('deepseek-reasoner')).toMatchObject([{ field: 'logprobs', change: 'remove' }]);
  expect(changes('deepseek-chat')).toEqual([]);
});
