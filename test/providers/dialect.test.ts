import { describe, expect, test } from 'vitest';
import type { Surface } from '../../src/domain/call.ts';
import { dialectChanges, NO_CHANGES } from '../../src/providers/dialect.ts';
import { PROVIDER_NAMES, type ProviderName } from '../../src/providers/presets.ts';

/** A body as an application writes it for GPT-4.1. */
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

/** The changes of a dialect by field, with `null` for removed fields. */
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

test.each([...PROVIDER_NAMES, undefined])('returns NO_CHANGES for a body that %s accepts', (provider) => {
  expect(dialectChanges(provider, { surface: 'chat', model: 'gpt-4.1' }, PLAIN)).toBe(NO_CHANGES);
});

test.each(PROVIDER_NAMES)('%s has no rules for embeddings, moderations, completions and other surfaces', (provider) => {
  const everything = { ...PLAIN, seed: 1, store: true, logprobs: true, max_completion_tokens: 5 };
  for (const surface of ['embeddings', 'moderations', 'completions', 'other'] as const) {
    expect(dialectChanges(provider, { surface, model: 'gpt-5' }, everything)).toBe(NO_CHANGES);
  }
});

test('changes nothing without a provider', () => {
  expect(changed(undefined, 'gpt-5', { max_tokens: 5, temperature: 0, messages: [{ role: 'developer' }] })).toEqual({});
});

test('does not modify the body', () => {
  const body = Object.freeze({
    messages: Object.freeze([Object.freeze({ role: 'developer', content: 'x' })]),
    seed: 1,
  });
  for (const provider of PROVIDER_NAMES) dialectChanges(provider, { surface: 'chat', model: 'gpt-5' }, body);
  expect(body.messages[0]?.role).toBe('developer');
});

describe.each(['openai', 'azure', 'holysheep'] as const)('reasoning models at %s', (provider) => {
  test('get max_completion_tokens instead of max_tokens', () => {
    expect(changed(provider, 'gpt-5-nano', { max_tokens: 9 })).toEqual({ max_tokens: '→ max_completion_tokens' });
    expect(changed(provider, 'o3', { max_tokens: 9, max_completion_tokens: 5 })).toEqual({ max_tokens: null });
    expect(changed(provider, 'o3', { max_tokens: 9, max_completion_tokens: null })).toEqual({
      max_tokens: '→ max_completion_tokens',
    });
    expect(changed(provider, 'o3', { max_tokens: null })).toEqual({ max_tokens: null });
  });

  test('get no sampling parameters', () => {
    const sampling = { temperature: 0, top_p: 0.5, presence_penalty: 1, frequency_penalty: 1, logit_bias: {} };
    const all = { ...sampling, logprobs: true, top_logprobs: 3 };
    expect(changed(provider, 'gpt-5-mini', all)).toEqual(
      Object.fromEntries(Object.keys(all).map((key) => [key, null])),
    );
    expect(changed(provider, 'gpt-5-chat-latest', all)).toEqual({});
  });

  test('get a temperature only while they do not reason', () => {
    const asking = (effort?: unknown) => ({ temperature: 0, reasoning_effort: effort });
    expect(changed(provider, 'gpt-5.1', asking())).toEqual({});
    expect(changed(provider, 'gpt-5.1', asking('none'))).toEqual({});
    expect(changed(provider, 'gpt-5.1', asking('low'))).toEqual({ temperature: null });
    expect(changed(provider, 'gpt-5.5', asking())).toEqual({ temperature: null });
    expect(changed(provider, 'gpt-5.5', asking(null))).toEqual({ temperature: null });
    expect(changed(provider, 'gpt-5.5', asking('none'))).toEqual({});
    expect(changed(provider, 'gpt-5', asking('none'))).toEqual({ temperature: null });
  });

  test('of the o series get no parallel_tool_calls', () => {
    expect(changed(provider, 'o4-mini', { parallel_tool_calls: false })).toEqual({ parallel_tool_calls: null });
    expect(changed(provider, 'gpt-5', { parallel_tool_calls: false })).toEqual({});
  });

  test('are the only ones to get a reasoning effort', () => {
    expect(changed(provider, 'gpt-4.1', { reasoning_effort: 'low' })).toEqual({ reasoning_effort: null });
    expect(changed(provider, 'gpt-4.1', { reasoning_effort: null })).toEqual({});
    expect(changed(provider, 'gpt-5', { reasoning_effort: 'low' })).toEqual({});
    expect(changed(provider, 'our-deployment', { reasoning_effort: 'low', temperature: 0, max_tokens: 5 })).toEqual({});
  });
});

test('the Responses API has the same rules under its own names', () => {
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
  test('gets the limit as max_tokens', () => {
    expect(changed('deepseek', 'deepseek-chat', { max_completion_tokens: 9 })).toEqual({
      max_completion_tokens: '→ max_tokens',
    });
    expect(changed('deepseek', 'deepseek-chat', { max_tokens: 9 })).toEqual({});
  });

  test('gets json_object on chat, and json_schema on the Responses API', () => {
    const schema = { type: 'json_schema', json_schema: { name: 'n', schema: {} } };
    expect(changed('deepseek', 'deepseek-chat', { response_format: schema })).toEqual({
      response_format: { type: 'json_object' },
    });
    expect(changed('deepseek', 'deepseek-chat', { response_format: { type: 'text' } })).toEqual({});
    expect(changed('deepseek', 'deepseek-chat', { response_format: null })).toEqual({});
    expect(changed('deepseek', 'x', { text: { format: schema } }, 'responses')).toEqual({});
  });

  test('gets no developer role on either surface', () => {
    const developer = [{ role: 'developer', content: 'x' }];
    const system = [{ role: 'system', content: 'x' }];
    expect(changed('deepseek', 'deepseek-chat', { messages: developer })).toEqual({ messages: system });
    expect(changed('deepseek', 'x', { input: developer }, 'responses')).toEqual({ input: system });
    expect(changed('deepseek', 'x', { input: 'text' }, 'responses')).toEqual({});
  });

  test('gets unknown fields, which it ignores', () => {
    expect(changed('deepseek', 'deepseek-chat', { seed: 1, store: true, metadata: {}, logprobs: true })).toEqual({});
  });
});

test('gemini gets no field that fails the call', () => {
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

test('groq gets no field that it refuses, and no participant names', () => {
  const refused = { logprobs: true, top_logprobs: 2, logit_bias: {}, store: true, metadata: {}, prompt_cache_key: 'k' };
  expect(changed('groq', 'llama', { ...refused, safety_identifier: 's', max_tokens: 5, seed: 1 })).toEqual(
    Object.fromEntries([...Object.keys(refused), 'safety_identifier'].map((key) => [key, null])),
  );
  expect(changed('groq', 'llama', { max_completion_tokens: 5, messages: [{ role: 'user', name: 'ann' }] })).toEqual({
    messages: [{ role: 'user' }],
  });
});

test('openrouter gets unsupported fields, which it ignores', () => {
  expect(changed('openrouter', 'openai/gpt-5', { max_tokens: 5, temperature: 0, store: true, seed: 1 })).toEqual({});
});

test('holysheep gets the older names for models of other vendors', () => {
  expect(changed('holysheep', 'deepseek-v3.2', { max_completion_tokens: 9, temperature: 0 })).toEqual({
    max_completion_tokens: '→ max_tokens',
  });
  expect(changed('holysheep', 'gpt-5', { max_completion_tokens: 9 })).toEqual({});
});

test.each(['gemini', 'groq', 'holysheep'] as const)('%s gets the role system instead of developer', (provider) => {
  expect(changed(provider, 'm', { messages: [{ role: 'developer', content: 'x' }] })).toEqual({
    messages: [{ role: 'system', content: 'x' }],
  });
});

test.each(['openai', 'azure', 'openrouter'] as const)('%s gets the developer role unchanged', (provider) => {
  expect(changed(provider, 'm', { messages: [{ role: 'developer', content: 'x' }] })).toEqual({});
});
