import { expect, test } from 'vitest';
import type { Surface } from '../../src/domain/call.ts';
import { requirementsOf } from '../../src/providers/requirements.ts';

function needs(body: unknown, surface: Surface = 'chat'): string[] {
  return [...requirementsOf(body, surface)].toSorted();
}

function messageOf(...parts: unknown[]): Record<string, unknown> {
  return { messages: [{ role: 'user', content: parts }] };
}

test.each([
  [
    'a picture',
    messageOf({ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url: 'u' } }),
    ['vision'],
  ],
  ['a voice', messageOf({ type: 'input_audio', input_audio: {} }), ['audio']],
  ['an answer in audio', { modalities: ['text', 'audio'], audio: { voice: 'v' } }, ['audio']],
  ['a file', messageOf({ type: 'file', file: {} }), ['files']],
  ['tools', { tools: [{ type: 'function' }] }, ['tools']],
  ['functions, the older name of tools', { functions: [{ name: 'f' }] }, ['tools']],
  ['a schema for the answer', { response_format: { type: 'json_schema' } }, ['jsonSchema']],
  ['probabilities', { logprobs: true, top_logprobs: 2 }, ['logprobs']],
  ['several answers', { n: 2 }, ['multipleChoices']],
  [
    'several things at once',
    { ...messageOf({ type: 'image_url' }, { type: 'file' }), tools: [{}], n: 3 },
    ['files', 'multipleChoices', 'tools', 'vision'],
  ],
])('chat: %s', (_what, body, expected) => {
  expect(needs(body)).toEqual(expected);
});

test.each([
  ['a picture', { input: [{ role: 'user', content: [{ type: 'input_image' }] }] }, ['vision']],
  [
    'a picture in the result of a function',
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

test('completions: several answers, and probabilities, where 0 requests those of the chosen tokens', () => {
  expect(needs({ prompt: 'x', n: 4, logprobs: 0 }, 'completions')).toEqual(['logprobs', 'multipleChoices']);
});

test('plain text needs nothing, and all such bodies share one set', () => {
  const plain = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], temperature: 0 };
  const nothing = requirementsOf(plain, 'chat');
  expect(nothing.size).toBe(0);
  expect(requirementsOf({ input: 'x' }, 'responses')).toBe(nothing);
  expect(requirementsOf({ prompt: 'x' }, 'completions')).toBe(nothing);
});

test('empty and disabled fields need nothing', () => {
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

test('a malformed body and other surfaces need nothing', () => {
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
    expect(needs({ ...messageOf({ type: 'image_url' }), n: 2 }, surface)).toEqual([]);
  }
});
