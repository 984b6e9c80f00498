import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Surface } from '../../src/domain/call.ts';
import { createBodyPatch, type BodyRules } from '../../src/providers/create-body-patch.ts';
import { patchBody } from '../../src/providers/patch-body.ts';
import { PROVIDER_NAMES } from '../../src/providers/presets.ts';

/** The patch for a call with this body; by default on chat, not streamed. */
function patchOf(
  rules: BodyRules,
  body: Record<string, unknown>,
  { surface = 'chat', stream = false }: { surface?: Surface; stream?: boolean } = {},
) {
  const model = body['model'] as string | undefined; // in the bodies of this file the model is a string
  return createBodyPatch(rules, { surface, model, stream }, body);
}

test('a body that needs no change has no patch', () => {
  const rules = {
    model: 'm',
    params: { seed: 1, user: null, top_p: undefined },
    maxOutputTokens: 10,
    includeUsage: true,
  };
  expect(patchOf(rules, { model: 'm', seed: 1, max_tokens: 10 })).toBeUndefined();
  expect(patchOf({}, { model: 'm' }, { stream: true })).toBeUndefined();
});

test('a call that is not portable and a body that is not an object have no patch', () => {
  expect(patchOf({ model: 'm', params: { a: 1 } }, {}, { surface: 'other' })).toBeUndefined();
  for (const body of [undefined, null, '{}', ['x'], 4]) {
    expect(createBodyPatch({ model: 'm' }, { surface: 'chat', model: 'a', stream: false }, body)).toBeUndefined();
  }
});

test('a model that only the URL contains is not written into the body', () => {
  const call = { surface: 'chat', model: 'deployment', stream: false } as const;
  expect(createBodyPatch({ params: { n: 1 } }, call, {})?.set).toEqual({ n: 1 });
});

test("does not modify the caller's body", () => {
  const body = Object.freeze({ model: 'a', max_tokens: 100, stream_options: Object.freeze({ x: 1 }) });
  const rules = { model: 'b', params: { n: 1 }, maxOutputTokens: 5, includeUsage: true };
  expect(patchOf(rules, body, { stream: true })?.set).toEqual({
    model: 'b',
    n: 1,
    max_tokens: 5,
    stream_options: { x: 1, include_usage: true },
  });
});

describe('the model', () => {
  test('is replaced by a string, also where the caller set no model', () => {
    expect(patchOf({ model: 'b' }, { model: 'a' })).toEqual({
      set: { model: 'b' },
      remove: [],
      usageAdded: false,
      changes: [],
    });
    expect(patchOf({ model: 'b' }, {}, { surface: 'responses' })?.set).toEqual({ model: 'b' });
  });

  test('is looked up in a record, and stays where the record has no entry', () => {
    const rules = { model: { a: 'b' } };
    expect(patchOf(rules, { model: 'a' })?.set).toEqual({ model: 'b' });
    expect(patchOf(rules, { model: 'c' })).toBeUndefined();
    expect(patchOf(rules, { model: 'constructor' })).toBeUndefined();
    expect(patchOf(rules, {})).toBeUndefined();
  });

  test.each(['embeddings', 'moderations'] as const)('of %s is changed by a record entry only', (surface) => {
    expect(patchOf({ model: 'b' }, { model: 'a' }, { surface })).toBeUndefined();
    expect(patchOf({ model: { a: 'b' } }, { model: 'a' }, { surface })?.set).toEqual({ model: 'b' });
  });
});

describe('params', () => {
  test('set a field, remove it with null, and leave it with undefined', () => {
    const rules = { params: { temperature: 0, user: null, top_p: undefined, absent: null } };
    expect(patchOf(rules, { temperature: 1, user: 'u', top_p: 0.5 })).toEqual({
      set: { temperature: 0 },
      remove: ['user'],
      usageAdded: false,
      changes: [],
    });
  });

  test('also remove a null of the caller', () => {
    expect(patchOf({ params: { stop: null } }, { stop: null })?.remove).toEqual(['stop']);
  });

  test('win over the model', () => {
    expect(patchOf({ model: 'b', params: { model: 'c' } }, { model: 'a' })?.set).toEqual({ model: 'c' });
    expect(patchOf({ model: 'b', params: { model: 'a' } }, { model: 'a' })).toBeUndefined();
  });
});

describe('maxOutputTokens', () => {
  test.each([
    ['chat', { max_completion_tokens: 900 }, { max_completion_tokens: 100 }],
    ['chat', { max_tokens: 900 }, { max_tokens: 100 }],
    ['chat', { max_tokens: 900, max_completion_tokens: 50 }, { max_tokens: 100 }],
    ['responses', { max_output_tokens: 900 }, { max_output_tokens: 100 }],
    ['completions', { max_tokens: 900 }, { max_tokens: 100 }],
  ] as const)('lowers the larger limit of %s %j', (surface, body, set) => {
    expect(patchOf({ maxOutputTokens: 100, provider: 'openai' }, body, { surface })?.set).toEqual(set);
  });

  test.each([
    ['chat', 'openai', { max_completion_tokens: 100 }],
    ['chat', 'azure', { max_completion_tokens: 100 }],
    ['chat', 'deepseek', { max_tokens: 100 }],
    ['chat', undefined, { max_tokens: 100 }],
    ['completions', 'openai', { max_tokens: 100 }],
    ['responses', 'deepseek', { max_output_tokens: 100 }],
  ] as const)('is set on a call of %s at %s without a limit', (surface, provider, set) => {
    expect(patchOf({ maxOutputTokens: 100, provider }, {}, { surface })?.set).toEqual(set);
    const [field] = Object.keys(set);
    expect(patchOf({ maxOutputTokens: 100, provider }, { [field ?? '']: null }, { surface })?.set).toEqual(set);
  });

  test('keeps a smaller limit and one that is not a number', () => {
    expect(patchOf({ maxOutputTokens: 100 }, { max_tokens: 100 })).toBeUndefined();
    expect(patchOf({ maxOutputTokens: 100 }, { max_tokens: 7 })).toBeUndefined();
    expect(patchOf({ maxOutputTokens: 100 }, { max_tokens: 'many' })).toBeUndefined();
  });

  test.each(['embeddings', 'moderations'] as const)('does not apply to %s', (surface) => {
    expect(patchOf({ maxOutputTokens: 100 }, { max_tokens: 900 }, { surface })).toBeUndefined();
  });

  test('limits a value of params, and avoids a field that they remove', () => {
    expect(patchOf({ maxOutputTokens: 100, params: { max_tokens: 500 } }, {})?.set).toEqual({ max_tokens: 100 });
    const rules: BodyRules = { maxOutputTokens: 100, provider: 'openai', params: { max_completion_tokens: null } };
    expect(patchOf(rules, { max_completion_tokens: 900 })).toEqual({
      set: { max_tokens: 100 },
      remove: ['max_completion_tokens'],
      usageAdded: false,
      changes: [],
    });
  });
});

describe('usage of a stream', () => {
  const rules = { includeUsage: true };

  test.each(['chat', 'completions'] as const)(
    'is requested on %s, and the other stream options are kept',
    (surface) => {
      const body = { stream_options: { include_obfuscation: false } };
      expect(patchOf(rules, body, { surface, stream: true })).toEqual({
        set: { stream_options: { include_obfuscation: false, include_usage: true } },
        remove: [],
        usageAdded: true,
        changes: [],
      });
      const decided = { stream_options: { include_usage: false } };
      expect(patchOf(rules, decided, { surface, stream: true })).toBeUndefined();
      expect(patchOf(rules, { stream_options: null }, { surface, stream: true })?.set).toEqual({
        stream_options: { include_usage: true },
      });
    },
  );

  test('is not hidden when the caller requested it', () => {
    const asked = { model: 'a', stream_options: { include_usage: true } };
    expect(patchOf(rules, asked, { stream: true })).toBeUndefined();
    expect(patchOf({ ...rules, model: 'b' }, asked, { stream: true })?.usageAdded).toBe(false);
  });

  test('is not requested without a stream, without the rule, and on surfaces that always send it', () => {
    expect(patchOf(rules, {})).toBeUndefined();
    expect(patchOf({ includeUsage: false }, {}, { stream: true })).toBeUndefined();
    for (const surface of ['responses', 'embeddings', 'moderations'] as const) {
      expect(patchOf(rules, {}, { surface, stream: true })).toBeUndefined();
    }
  });

  test('is left to params that contain stream_options', () => {
    expect(patchOf({ ...rules, params: { stream_options: null } }, {}, { stream: true })).toBeUndefined();
    const off = { stream_options: { include_usage: false } };
    expect(patchOf({ ...rules, params: off }, {}, { stream: true })?.usageAdded).toBe(false);
    const on = { stream_options: { include_usage: true } };
    expect(patchOf({ params: on }, {}, { stream: true })).toEqual({
      set: on,
      remove: [],
      usageAdded: true,
      changes: [],
    });
  });
});

describe('the dialect of the provider', () => {
  test('is applied for the new model and reported as changes', () => {
    const patch = patchOf({ model: 'gpt-5', provider: 'openai' }, { model: 'gpt-4.1', max_tokens: 9, temperature: 0 });
    expect(patch?.set).toEqual({ model: 'gpt-5', max_completion_tokens: 9 });
    expect(patch?.remove).toEqual(['max_tokens', 'temperature']);
    expect(patch?.changes.map(({ field, change }) => [field, change])).toEqual([
      ['max_tokens', 'rename'],
      ['temperature', 'remove'],
    ]);
  });

  test('depends on the model at the upstream: from the rule, from params, or from the call', () => {
    const body = { model: 'gpt-4.1', temperature: 0 };
    expect(patchOf({ provider: 'openai', params: { model: 'gpt-5' } }, body)?.remove).toEqual(['temperature']);
    expect(patchOf({ provider: 'openai', model: 'gpt-4o' }, { ...body, model: 'gpt-5' })?.remove).toEqual([]);
    expect(patchOf({ provider: 'openai' }, { ...body, model: 'gpt-5' })?.remove).toEqual(['temperature']);
    expect(patchOf({ provider: 'openai' }, body)).toBeUndefined();
    const call = { surface: 'chat', model: 'gpt-5', stream: false } as const;
    expect(createBodyPatch({ provider: 'azure' }, call, { temperature: 0 })?.remove).toEqual(['temperature']);
    expect(createBodyPatch({ provider: 'azure', params: { n: 1 } }, call, { temperature: 0 })?.remove).toEqual([
      'temperature',
    ]);
  });

  test('is applied to streams, together with the request for usage', () => {
    const rules = { model: 'deepseek-chat', provider: 'deepseek', includeUsage: true } as const;
    const patch = patchOf(rules, { model: 'a', max_completion_tokens: 9 }, { stream: true });
    expect(patch?.set).toEqual({ model: 'deepseek-chat', max_tokens: 9, stream_options: { include_usage: true } });
    expect(patch?.remove).toEqual(['max_completion_tokens']);
    expect(patch?.usageAdded).toBe(true);
  });

  test('does not change fields that params contain', () => {
    const rules = (params: Record<string, unknown>): BodyRules => ({ provider: 'openai', model: 'gpt-5', params });
    const body = { model: 'a', temperature: 0, max_tokens: 9 };
    expect(patchOf(rules({ temperature: 1 }), body)).toMatchObject({
      set: { temperature: 1, max_completion_tokens: 9 },
      remove: ['max_tokens'],
      changes: [{ field: 'max_tokens' }],
    });
    expect(patchOf(rules({ max_tokens: 5 }), body)?.set).toEqual({ model: 'gpt-5', max_tokens: 5 });
    expect(patchOf(rules({ max_completion_tokens: 7 }), body)).toMatchObject({
      set: { max_completion_tokens: 7 },
      remove: ['max_tokens', 'temperature'],
    });
    expect(patchOf(rules({ max_completion_tokens: null }), body)?.remove).toEqual(['temperature']);
    expect(patchOf(rules({ temperature: undefined }), body)?.remove).toEqual(['max_tokens', 'temperature']);
  });

  test('sees a reasoning effort from params', () => {
    const rules: BodyRules = { provider: 'openai', model: 'gpt-5.1', params: { reasoning_effort: 'low' } };
    expect(patchOf(rules, { temperature: 0 })?.remove).toEqual(['temperature']);
    const withoutEffort: BodyRules = { ...rules, params: { reasoning_effort: null } };
    expect(patchOf(withoutEffort, { temperature: 0, reasoning_effort: 'low' })?.remove).toEqual(['reasoning_effort']);
  });

  test('renames the limit after it is lowered or set', () => {
    const rules: BodyRules = { provider: 'openai', model: 'o3', maxOutputTokens: 100 };
    expect(patchOf(rules, { max_tokens: 900 })).toMatchObject({
      set: { max_completion_tokens: 100 },
      remove: ['max_tokens'],
    });
    const relay: BodyRules = { provider: 'holysheep', model: 'gpt-5', maxOutputTokens: 100 };
    expect(patchOf(relay, {})).toMatchObject({ set: { max_completion_tokens: 100 }, remove: [] });
    const other: BodyRules = { provider: 'holysheep', model: 'deepseek-v3.2', maxOutputTokens: 100 };
    expect(patchOf(other, { max_completion_tokens: 900 })).toMatchObject({
      set: { max_tokens: 100 },
      remove: ['max_completion_tokens'],
    });
  });

  test('shares unchanged messages', () => {
    const user = { role: 'user', content: 'Hi' };
    const patch = patchOf({ provider: 'deepseek' }, { messages: [{ role: 'developer', content: 'x' }, user] });
    const messages = patch?.set['messages'] as unknown[]; // the rule sets a list of messages
    expect(messages).toEqual([{ role: 'system', content: 'x' }, user]);
    expect(messages[1]).toBe(user);
  });

  test('is not applied without a provider', () => {
    expect(patchOf({ model: 'gpt-5' }, { max_tokens: 9, temperature: 0 })?.remove).toEqual([]);
  });

  test('changes nothing when it is applied a second time', () => {
    const field = fc.constantFrom(
      'max_tokens',
      'max_completion_tokens',
      'temperature',
      'logprobs',
      'seed',
      'store',
      'reasoning_effort',
      'parallel_tool_calls',
      'response_format',
      'messages',
    );
    const value = fc.constantFrom(null, 1, true, 'none', { type: 'json_schema' }, [{ role: 'developer', name: 'n' }]);
    const model = fc.constantFrom('gpt-4.1', 'gpt-5', 'gpt-5.1', 'gpt-5.5', 'o3', 'deepseek-chat', 'm');
    fc.assert(
      fc.property(
        fc.dictionary(field, value),
        fc.constantFrom(...PROVIDER_NAMES),
        model,
        fc.boolean(),
        (body, provider, name, stream) => {
          const rules = { provider, model: name };
          const patch = patchOf(rules, body, { stream });
          const patched = JSON.parse(patchBody(JSON.stringify(body), patch ?? { set: {}, remove: [] })) as typeof body;
          expect(patchOf(rules, patched, { stream })).toBeUndefined();
        },
      ),
    );
  });
});
