import { expect, test } from 'vitest';
import type { Surface } from '../../src/domain/call.ts';
import { requirementsOf } from '../../src/providers/requirements.ts';

function needs(body: unknown, surface: Surface = 'chat'): string[] {
  return [...requirementsOf(body, surface)].toSorted();
}

function said(...parts: unknown[]): Record<string, unknown> {
  return { messages: [{ role: 'user', content: parts }] };
}

test.each([
  [
    'a picture',
    said({ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url: 'u' } }),
    ['vision'],
  ],
  ['a voice', said({ type: 'input_audio', input_audio: {} }), ['audio']],
  ['an answer to be heard', { modalities: ['text', 'audio'], audio: { voice: 'v' } }, ['audio']],
  ['a file', said({ type: 'file', file: {} }), ['files']],
  ['tools', { tools: [{ type: 'function' }] }, ['tools']],
  ['functions, as they were once called', { functions: [{ name: 'f' }] }, ['tools']],
  ['a schema for the answer', { response_format: { type: 'json_schema' } }, ['jsonSchema']],
  ['probabilities', { logprobs: true, top_logprobs: 2 }, ['logprobs']],
  ['several answers', { n: 2 }, ['multipleChoices']],
  [
    'several things at once',
    { ...said({ type: 'image_url' }, { type: 'file' }), tools: [{}], n: 3 },
    ['files', 'multipleChoices', 'tools', 'vision'],
  ],
])('chat: %s', (_what, body, expected) => {
  expect(needs(body)).toEqual(expected);
});

test.each([
  ['a picture', { input: [{ role: 'user', content: [{ type: 'input_image' }] }] }, ['vision']],
  [
    'a picture that a function made',
    { input: [{ type: 'function_call_output', output: [{ type: 'input_image' }] }] },
    ['vision'],
  ],
  ['a file', { input: [{ role: 'user', content: [{ type: 'input_file' }] }] }, ['files']],
  ['a schema for the answer', { input: 'x', text: { format: { type: 'json_schema' } } }, ['jsonSchema']],
  ['tools', { tools: [{ type: 'web_search' }] }, ['tools']],
  ['probabilities', { include: ['message.output_text.logprobs'] }, ['logprobs']],
  ['the best probabilities', { top_logprobs: 5 }, ['logprobs']],
])('responses: %s', (_what, body, expected) => {
  expect(needs(body, 'responses')).toEqual(expected);
});

test('completions: several answers, and probabilities, of which 0 asks for the chosen ones', () => {
  expect(needs({ prompt: 'x', n: 4, logprobs: 0 }, 'completions')).toEqual(['logprobs', 'multipleChoices']);
});

test('plain words need nothing, and that is one set for all', () => {
  const plain = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], temperature: 0 };
  const nothing = requirementsOf(plain, 'chat');
  expect(nothing.size).toBe(0);
  expect(requirementsOf({ input: 'x' }, 'responses')).toBe(nothing);
  expect(requirementsOf({ prompt: 'x' }, 'completions')).toBe(nothing);
});

test('what is left empty or switched off is not needed', () => {
  const off = {
    tools: [],
    functions: null,
    logprobs: false,
    n: 1,
    modalities: ['text'],
    response_format: { type: 'text' },
  };
  expect(needs(off)).toEqual([]);
  expect(needs({ include: [], tools: [], text: null, top_logprobs: null }, 'responses')).toEqual([]);
  expect(needs({ logprobs: null, n: 1 }, 'completions')).toEqual([]);
});

test('a body of any other shape needs nothing', () => {
  for (const odd of [
    undefined,
    null,
    'x',
    7,
    [],
    { messages: 'x' },
    { messages: [null, 3, { content: [null, 'x'] }] },
  ]) {
    expect(needs(odd)).toEqual([]);
    expect(needs(odd, 'responses')).toEqual([]);
  }
  for (const surface of ['embeddings', 'moderations', 'other'] as const) {
    expect(needs({ ...said({ type: 'image_url' }), n: 2 }, surface)).toEqual([]);
  }
});
