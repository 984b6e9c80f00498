/** Malformed bodies, and tool arguments that cannot be parsed. */

import { describe, expect, test } from 'vitest';
import type { Surface } from '../../src/domain/call.ts';
import { hasBrokenToolArguments, malformation } from '../../src/upstream/answer-body.ts';
import { parseBodies, readBaseline, readText, recorded, skipNote } from '../pricing/recorded-bodies.ts';

const SURFACES = [
  'chat',
  'completions',
  'responses',
  'embeddings',
  'moderations',
] as const satisfies readonly Surface[];
const ERROR = { error: { message: 'overloaded', type: 'server_error' } };

describe.each(SURFACES)('%s', (surface) => {
  test.each([
    ['a page', '<html><title>502</title></html>'],
    ['an empty text', ''],
    ['nothing', undefined],
    ['null', null],
    ['a number', 200],
    ['a list', []],
  ])('%s is not JSON', (_what, data) => {
    expect(malformation(surface, data)).toBe('notJson');
  });

  test.each([
    ERROR,
    [ERROR],
    { error: 'overloaded' },
    { ...ERROR, choices: [], output: undefined, data: [], results: [] },
  ])('finds the error under a status that means success: %j', (data) => {
    expect(malformation(surface, data)).toBe('errorInBody');
  });
});

test.each([{}, { choices: null }, { choices: [] }, { error: null }, { error: '' }, { message: 'bad', code: 7 }])(
  'finds no choices in %j',
  (data) => {
    expect(malformation('chat', data)).toBe('noChoices');
    expect(malformation('completions', data)).toBe('noChoices');
  },
);

test('requires a message in every choice, and finds an error in its place', () => {
  const message = { role: 'assistant', content: 'Hi' };
  expect(malformation('chat', { choices: [{ message }, { index: 1 }] })).toBe('noMessage');
  expect(malformation('chat', { choices: [{ text: 'Hi' }] })).toBe('noMessage');
  expect(malformation('chat', { choices: [{ delta: message }] })).toBe('noMessage');
  expect(malformation('chat', { choices: [{ message: null }] })).toBe('noMessage');
  expect(malformation('chat', { choices: [null] })).toBe('noMessage');
  expect(malformation('chat', { choices: [ERROR] })).toBe('errorInBody');
  expect(malformation('chat', { choices: [{ message, finish_reason: 'error' }] })).toBe('errorInBody');
});

test('requires a text in a completion', () => {
  expect(malformation('completions', { choices: [{ text: '' }] })).toBeUndefined();
  expect(malformation('completions', { choices: [{ message: { content: 'x' } }] })).toBeUndefined();
  expect(malformation('completions', { choices: [{ index: 0 }] })).toBe('noMessage');
});

test('requires an output in a response that did not fail', () => {
  expect(malformation('responses', { status: 'completed', output: [], error: null })).toBeUndefined();
  expect(malformation('responses', { status: 'queued', output: [] })).toBeUndefined();
  expect(malformation('responses', { status: 'incomplete', output: [{}] })).toBeUndefined();
  expect(malformation('responses', { status: 'failed', output: [] })).toBe('errorInBody');
  expect(malformation('responses', { status: 'completed', output: [], ...ERROR })).toBe('errorInBody');
  expect(malformation('responses', { status: 'completed' })).toBe('noData');
});

test('requires vectors in embeddings and results in moderations', () => {
  expect(malformation('embeddings', { data: [{ embedding: 'AAAA' }] })).toBeUndefined();
  expect(malformation('embeddings', { data: [] })).toBe('noData');
  expect(malformation('embeddings', {})).toBe('noData');
  expect(malformation('moderations', { results: [{ flagged: false }] })).toBeUndefined();
  expect(malformation('moderations', { data: [1] })).toBe('noData');
});

test.each([
  ['refused', { message: { content: null, refusal: 'No.' }, finish_reason: 'stop' }],
  ['filtered, without a message', { finish_reason: 'content_filter', content_filter_results: {} }],
  ['truncated before its first word', { message: { content: '' }, finish_reason: 'length' }],
  ['a call of a tool', { message: { content: null, tool_calls: [{}] }, finish_reason: 'tool_calls' }],
  ['content in parts', { message: { content: [{ type: 'text', text: 'Hi' }] } }],
])('accepts an answer that is %s', (_what, choice) => {
  expect(malformation('chat', { choices: [choice], error: null })).toBeUndefined();
});

test('checks nothing on surfaces that are not portable', () => {
  for (const data of ['text', undefined, ERROR, {}]) expect(malformation('other', data)).toBeUndefined();
});

/** Bodies that are not whole answers of their surface: errors, single chunks of streams, native formats of other vendors. */
const NO_ANSWERS = /content_filter-error-body|openai-error|200-chunk|\/(google|anthropic)--/;

test.skipIf(!recorded)(`finds no recorded answer malformed, and all other recorded bodies${skipNote}`, () => {
  const whole = readBaseline().filter(({ status, stream, file }) => status < 400 && !stream && file.endsWith('.json'));
  const checked = whole.map(({ file, kind }) => {
    const surface = kind === 'models' ? 'other' : file.includes('openai-completion') ? 'completions' : kind;
    const [data] = parseBodies(file, readText(file));
    return { file, malformation: malformation(surface, data), broken: hasBrokenToolArguments(surface, data) };
  });
  const [others, answers] = [true, false].map((isOther) =>
    checked.filter(({ file }) => NO_ANSWERS.test(file) === isOther),
  );
  expect(answers?.filter((body) => body.malformation !== undefined || body.broken)).toEqual([]);
  expect(others?.filter((body) => body.malformation === undefined)).toEqual([]);
  // oxlint-disable-next-line no-console -- shows in the test output how many bodies were checked
  console.info(`${answers?.length} recorded answers are well formed, ${others?.length} other bodies are not`);
  expect(answers?.length).toBeGreaterThanOrEqual(90);
});

/** A chat answer that calls a function with these arguments. */
function calling(args: unknown, finishReason = 'tool_calls'): unknown {
  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: args } };
  return { choices: [{ message: { content: null, tool_calls: [call] }, finish_reason: finishReason }] };
}

test.each(['{"city":"Par', '{city: 1}', 'Paris', '[1]', '"text"', '7', { city: 'Paris' }, '{}{}'])(
  'finds broken arguments: %j',
  (args) => {
    expect(hasBrokenToolArguments('chat', calling(args))).toBe(true);
    const item = { type: 'function_call', name: 'f', arguments: args };
    expect(hasBrokenToolArguments('responses', { status: 'completed', output: [item] })).toBe(true);
    const legacy = { choices: [{ message: { function_call: { name: 'f', arguments: args } } }] };
    expect(hasBrokenToolArguments('chat', legacy)).toBe(true);
  },
);

test.each(['{"city":"Paris"}', ' {} ', '', 'null', undefined, null])('accepts arguments: %j', (args) => {
  expect(hasBrokenToolArguments('chat', calling(args))).toBe(false);
});

test('ignores arguments that a limit or a filter cut off', () => {
  expect(hasBrokenToolArguments('chat', calling('{"city":"Par', 'length'))).toBe(false);
  expect(hasBrokenToolArguments('chat', calling('{"city":"Par', 'content_filter'))).toBe(false);
  const output = [{ type: 'function_call', arguments: '{"a' }];
  expect(hasBrokenToolArguments('responses', { status: 'incomplete', output })).toBe(false);
});

test('ignores tools that take free text, and bodies without tools', () => {
  const custom = { choices: [{ message: { tool_calls: [{ type: 'custom', custom: { input: 'free {text' } }] } }] };
  expect(hasBrokenToolArguments('chat', custom)).toBe(false);
  const items = [{ type: 'custom_tool_call', input: '{' }, { type: 'message', arguments: '{' }, null];
  expect(hasBrokenToolArguments('responses', { output: items })).toBe(false);
  for (const odd of [undefined, 'x', {}, { choices: [null, { message: { tool_calls: 'x' } }] }, calling('{')]) {
    for (const surface of ['completions', 'embeddings', 'moderations', 'other'] as const) {
      expect(hasBrokenToolArguments(surface, odd)).toBe(false);
    }
  }
  expect(hasBrokenToolArguments('chat', { choices: [null, { message: { tool_calls: ['x', null] } }] })).toBe(false);
});
