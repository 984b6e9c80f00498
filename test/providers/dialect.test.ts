import { describe, expect, test } from 'vitest';
import type { Surface } from '../../src/domain/call.ts';
import { dialectChanges, NO_CHANGES } from '../../src/providers/dialect.ts';
import { PROVIDER_NAMES, type ProviderName } from '../../src/providers/presets.ts';

/** A body as the application writes it for GPT-4.1. */
const PLAIN = {
  model: 'gpt-4.1',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi' },
  ],
  temperature: 0.2,
  top_p: 0.9,
  max_tokens: 100,
  presence_penalty: 0.1,
  stop: ['\n'],
  tools: [{ type: 'function', function: { name: 'f' } }],
  response_format: { type: 'json_object' },
  user: 'u',
};

/** What a dialect makes of a body: the fields that change, `null` for those that go. */
function changed(
  provider: ProviderName | undefined,
  model: string | undefined,
  body: Record<string, unknown>,
  surface: Surface = 'chat',
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const change of dialectChanges(provider, { surface, model }, body)) {
    expect(change.reason).not.toBe('');
    if (change.change === 'set') result[change.field] = change.value;
    else result[change.field] = change.change === 'rename' ? `→ ${change.to}` : null;
  }
  return result;
}

test.each([...PROVIDER_NAMES, undefined])(
  'what %s takes as it is stays as it is, at no cost in objects',
  (provider) => {
    expect(dialectChanges(provider, { surface: 'chat', model: 'gpt-4.1' }, PLAIN)).toBe(NO_CHANGES);
  },
);

test.each(PROVIDER_NAMES)('no rule of %s speaks of embeddings, moderations or what is not portable', (provider) => {
  const everything = { ...PLAIN, seed: 1, store: true, logprobs: true, max_completion_tokens: 5 };
  for (const surface of ['embeddings', 'moderations', 'completions', 'other'] as const) {
    expect(dialectChanges(provider, { surface, model: 'gpt-5' }, everything)).toBe(NO_CHANGES);
  }
});

test('without a provider nothing is known, whatever the body', () => {
  expect(changed(undefined, 'gpt-5', { max_tokens: 5, temperature: 0, messages: [{ role: 'developer' }] })).toEqual({});
});

test('the body is not changed', () => {
  const body = Object.freeze({
    messages: Object.freeze([Object.freeze({ role: 'developer', content: 'x' })]),
    seed: 1,
  });
  for (const provider of PROVIDER_NAMES) dialectChanges(provider, { surface: 'chat', model: 'gpt-5' }, body);
  expect(body.messages[0]?.role).toBe('developer');
});

describe.each(['openai', 'azure', 'holysheep'] as const)('reasoning models at %s', (provider) => {
  test('take max_completion_tokens instead of max_tokens', () => {
    expect(changed(provider, 'gpt-5-nano', { max_tokens: 9 })).toEqual({ max_tokens: '→ max_completion_tokens' });
    expect(changed(provider, 'o3', { max_tokens: 9, max_completion_tokens: 5 })).toEqual({ max_tokens: null });
    expect(changed(provider, 'o3', { max_tokens: 9, max_completion_tokens: null })).toEqual({
      max_tokens: '→ max_completion_tokens',
    });
    expect(changed(provider, 'o3', { max_tokens: null })).toEqual({ max_tokens: null });
  });

  test('take no sampling', () => {
    const sampling = { temperature: 0, top_p: 0.5, presence_penalty: 1, frequency_penalty: 1, logit_bias: {} };
    const all = { ...sampling, logprobs: true, top_logprobs: 3 };
    expect(changed(provider, 'gpt-5-mini', all)).toEqual(
      Object.fromEntries(Object.keys(all).map((key) => [key, null])),
    );
    expect(changed(provider, 'gpt-5-chat-latest', all)).toEqual({});
  });

  test('take a temperature only while they do not reason', () => {
    const asking = (effort?: unknown) => ({ temperature: 0, reasoning_effort: effort });
    expect(changed(provider, 'gpt-5.1', asking())).toEqual({});
    expect(changed(provider, 'gpt-5.1', asking('none'))).toEqual({});
    expect(changed(provider, 'gpt-5.1', asking('low'))).toEqual({ temperature: null });
    expect(changed(provider, 'gpt-5.5', asking())).toEqual({ temperature: null });
    expect(changed(provider, 'gpt-5.5', asking(null))).toEqual({ temperature: null });
    expect(changed(provider, 'gpt-5.5', asking('none'))).toEqual({});
    expect(changed(provider, 'gpt-5', asking('none'))).toEqual({ temperature: null });
  });

  test('of the o series do not take parallel_tool_calls', () => {
    expect(changed(provider, 'o4-mini', { parallel_tool_calls: false })).toEqual({ parallel_tool_calls: null });
    expect(changed(provider, 'gpt-5', { parallel_tool_calls: false })).toEqual({});
  });

  test('alone take an effort', () => {
    expect(changed(provider, 'gpt-4.1', { reasoning_effort: 'low' })).toEqual({ reasoning_effort: null });
    expect(changed(provider, 'gpt-4.1', { reasoning_effort: null })).toEqual({});
    expect(changed(provider, 'gpt-5', { reasoning_effort: 'low' })).toEqual({});
    expect(changed(provider, 'our-deployment', { reasoning_effort: 'low', temperature: 0, max_tokens: 5 })).toEqual({});
  });
});

test('on the Responses API the same holds under its own names', () => {
  const body = { input: 'Hi', temperature: 0, top_p: 1, max_output_tokens: 5 };
  expect(changed('openai', 'gpt-5', body, 'responses')).toEqual({ temperature: null, top_p: null });
  expect(changed('openai', 'gpt-5.1', { ...body, reasoning: { effort: 'high' } }, 'responses')).toEqual({
    temperature: null,
    top_p: null,
  });
  expect(changed('openai', 'gpt-5.5', { ...body, reasoning: { effort: 'none' } }, 'responses')).toEqual({});
  expect(changed('azure', 'gpt-4.1', { reasoning: { effort: 'low' } }, 'responses')).toEqual({ reasoning: null });
  expect(changed('azure', 'gpt-4.1', { reasoning: { effort: null } }, 'responses')).toEqual({});
});

describe('deepseek', () => {
  test('knows the limit as max_tokens', () => {
    expect(changed('deepseek', 'deepseek-chat', { max_completion_tokens: 9 })).toEqual({
      max_completion_tokens: '→ max_tokens',
    });
    expect(changed('deepseek', 'deepseek-chat', { max_tokens: 9 })).toEqual({});
  });

  test('has JSON without a schema on chat, and with one on the Responses API', () => {
    const schema = { type: 'json_schema', json_schema: { name: 'n', schema: {} } };
    expect(changed('deepseek', 'deepseek-chat', { response_format: schema })).toEqual({
      response_format: { type: 'json_object' },
    });
    expect(changed('deepseek', 'deepseek-chat', { response_format: { type: 'text' } })).toEqual({});
    expect(changed('deepseek', 'deepseek-chat', { response_format: null })).toEqual({});
    expect(changed('deepseek', 'x', { text: { format: schema } }, 'responses')).toEqual({});
  });

  test('has no developers on either surface', () => {
    const developer = [{ role: 'developer', content: 'x' }];
    const system = [{ role: 'system', content: 'x' }];
    expect(changed('deepseek', 'deepseek-chat', { messages: developer })).toEqual({ messages: system });
    expect(changed('deepseek', 'x', { input: developer }, 'responses')).toEqual({ input: system });
    expect(changed('deepseek', 'x', { input: 'text' }, 'responses')).toEqual({});
  });

  test('ignores what it does not know, so that it may stay', () => {
    expect(changed('deepseek', 'deepseek-chat', { seed: 1, store: true, metadata: {}, logprobs: true })).toEqual({});
  });
});

test('gemini gets no field that fails the whole call', () => {
  const refused = {
    store: false,
    metadata: {},
    seed: 1,
    frequency_penalty: 0,
    prompt_cache_key: 'k',
    safety_identifier: 's',
  };
  expect(changed('gemini', 'gemini-2.5-flash', { ...refused, presence_penalty: 0, user: 'u', n: 2 })).toEqual(
    Object.fromEntries(Object.keys(refused).map((key) => [key, null])),
  );
});

test('groq gets no field that it refuses, and no names', () => {
  const refused = { logprobs: true, top_logprobs: 2, logit_bias: {}, store: true, metadata: {}, prompt_cache_key: 'k' };
  expect(changed('groq', 'llama', { ...refused, safety_identifier: 's', max_tokens: 5, seed: 1 })).toEqual(
    Object.fromEntries([...Object.keys(refused), 'safety_identifier'].map((key) => [key, null])),
  );
  expect(changed('groq', 'llama', { max_completion_tokens: 5, messages: [{ role: 'user', name: 'ann' }] })).toEqual({
    messages: [{ role: 'user' }],
  });
});

test('openrouter ignores what a model does not support', () => {
  expect(changed('openrouter', 'openai/gpt-5', { max_tokens: 5, temperature: 0, store: true, seed: 1 })).toEqual({});
});

test('holysheep gets the older names for models of other vendors', () => {
  expect(changed('holysheep', 'deepseek-v3.2', { max_completion_tokens: 9, temperature: 0 })).toEqual({
    max_completion_tokens: '→ max_tokens',
  });
  expect(changed('holysheep', 'gpt-5', { max_completion_tokens: 9 })).toEqual({});
});

test.each(['gemini', 'groq', 'holysheep'] as const)('a developer at %s goes by the older name', (provider) => {
  expect(changed(provider, 'm', { messages: [{ role: 'developer', content: 'x' }] })).toEqual({
    messages: [{ role: 'system', content: 'x' }],
  });
});

test.each(['openai', 'azure', 'openrouter'] as const)('a developer at %s is known', (provider) => {
  expect(changed(provider, 'm', { messages: [{ role: 'developer', content: 'x' }] })).toEqual({});
});
