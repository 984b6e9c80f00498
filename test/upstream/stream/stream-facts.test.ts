/** Facts from the chunks of a stream. */

import { expect, test } from 'vitest';
import type { Surface } from '../../../src/index.ts';
import { createStreamFacts, isUsageChunk } from '../../../src/upstream/stream/stream-facts.ts';

function factsOf(surface: Surface, chunks: readonly unknown[]) {
  const facts = createStreamFacts(surface);
  for (const chunk of chunks) facts.see(chunk);
  return facts;
}

const choice = (fields: object) => ({ model: 'm', choices: [{ index: 0, finish_reason: null, ...fields }] });

test.each([
  ['text', { delta: { content: 'Hi' } }],
  ['a tool call', { delta: { tool_calls: [{ index: 0 }] } }],
  ['a refusal', { delta: { refusal: 'No.' } }],
  ['reasoning', { delta: { reasoning_content: 'Hm' } }],
  ['reasoning by another name', { delta: { reasoning: 'Hm' } }],
  ['audio', { delta: { audio: { data: 'x' } } }],
  ['a function call', { delta: { function_call: { name: 'f' } } }],
  ['the text of a legacy completion', { text: 'Hi' }],
])('counts %s as content', (_name, fields) => {
  expect(factsOf('chat', [choice(fields)]).hasContent).toBe(true);
});

test.each([
  ['a role', { delta: { role: 'assistant' } }],
  ['an empty text', { delta: { content: '' } }],
  ['no tool calls', { delta: { tool_calls: [], content: null } }],
  ['a finish reason', { delta: {}, finish_reason: 'stop' }],
  ['an empty legacy text', { text: '' }],
  ['no delta at all', {}],
])('does not count %s as content', (_name, fields) => {
  expect(factsOf('chat', [choice(fields)]).hasContent).toBe(false);
});

test('is complete when its choice has finished', () => {
  expect(factsOf('chat', [choice({ delta: { content: 'Hi' } })]).complete).toBe(false);
  expect(factsOf('chat', [choice({ delta: {} }), choice({ finish_reason: 'length' })]).complete).toBe(true);
});

test('is complete when all of several choices have finished', () => {
  const second = { choices: [{ index: 1, delta: { content: 'b' }, finish_reason: null }] };
  const first = choice({ delta: {}, finish_reason: 'stop' });
  expect(factsOf('chat', [choice({ delta: {} }), second, first]).complete).toBe(false);
  const all = [choice({ delta: {} }), second, first, { choices: [{ index: 1, finish_reason: 'stop' }] }];
  expect(factsOf('chat', all).complete).toBe(true);
});

test('keeps a choice finished that is repeated later', () => {
  const usage = { prompt_tokens: 1, completion_tokens: 1 };
  const again = choice({ delta: { role: 'assistant', content: '' } });
  expect(factsOf('chat', [choice({ finish_reason: 'stop' }), again]).complete).toBe(true);
  expect(factsOf('chat', [choice({ finish_reason: 'stop' }), { ...again, usage }]).complete).toBe(true);
});

test.each([undefined, null, ''])('finish_reason %j does not finish a choice', (reason) => {
  const facts = factsOf('chat', [choice({ delta: { content: 'Hi' }, finish_reason: reason })]);
  expect(facts.complete).toBe(false);
});

test('content after a finish_reason reopens its choice', () => {
  const stop = choice({ delta: { content: 'a' }, finish_reason: 'stop' });
  expect(factsOf('chat', [stop, choice({ delta: { content: 'b' } })]).complete).toBe(false);
  expect(factsOf('chat', [stop, stop]).complete).toBe(true);
});

test('is not complete through usage, early, late or next to content', () => {
  const usage = { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 };
  const say = choice({ delta: { content: 'Hi' } });
  for (const chunks of [[{ choices: [], usage }, say], [say, { choices: [], usage }], [{ ...say, usage }]]) {
    expect(factsOf('chat', chunks)).toMatchObject({ complete: false, usage: { inputTokens: 10 } });
  }
});

test.each<[object, number]>([
  [{}, 1],
  [{ n: 2 }, 2],
  [{ n: 2, prompt: ['a', 'b'] }, 4],
  [{ prompt: [1, 2, 3] }, 1],
  [{ prompt: [[1], [2]] }, 2],
])('a stream for %j may end after %i choices', (body, requested) => {
  const facts = createStreamFacts('completions', body);
  for (let index = 0; index < requested; index++) {
    expect(facts.mayEnd).toBe(false);
    facts.see({ choices: [{ index, text: 'x', finish_reason: 'stop' }] });
  }
  expect(facts.mayEnd).toBe(true);
});

test('is not complete without any choice', () => {
  expect(factsOf('chat', []).complete).toBe(false);
  expect(factsOf('chat', [{ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }]).complete).toBe(false);
});

test('fails for finish_reason "error", for which the SDK throws no error', () => {
  expect(factsOf('chat', [choice({ finish_reason: 'error' })]).failed).toBe(true);
  expect(factsOf('chat', [choice({ finish_reason: 'stop' })]).failed).toBe(false);
});

test('keeps the last usage that is not null', () => {
  const usage = (count: number) => ({ prompt_tokens: 10, completion_tokens: count, total_tokens: 10 + count });
  const facts = factsOf('chat', [
    { ...choice({}), usage: usage(1) },
    { choices: [], usage: usage(7) },
    { choices: [], usage: null },
  ]);
  expect(facts.usage).toMatchObject({ inputTokens: 10, outputTokens: 7 });
});

test('reads the reported cost with the usage', () => {
  const facts = factsOf('chat', [{ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, cost: 0.25 } }]);
  expect(facts.reportedUsd).toBe(0.25);
});

test('takes the model of the first chunk that has one', () => {
  expect(factsOf('chat', [{ choices: [] }, choice({}), { ...choice({}), model: 'other' }]).model).toBe('m');
});

const event = (type: string, response?: object) => ({ type, ...(response && { response }) });

test('reads id, model and usage of a Responses stream', () => {
  const usage = { input_tokens: 3, output_tokens: 4, total_tokens: 7 };
  const facts = factsOf('responses', [
    event('response.created', { id: 'resp_1', model: 'gpt-4.1', usage: null }),
    event('response.output_text.delta'),
    event('response.completed', { id: 'resp_1', model: 'gpt-4.1', usage }),
  ]);
  expect(facts).toMatchObject({
    responseId: 'resp_1',
    model: 'gpt-4.1',
    complete: true,
    failed: false,
    hasContent: true,
  });
  expect(facts.usage).toMatchObject({ inputTokens: 3, outputTokens: 4 });
});

test('is complete for an incomplete response', () => {
  expect(factsOf('responses', [event('response.incomplete', { id: 'r' })])).toMatchObject({
    complete: true,
    failed: false,
  });
});

test('fails for a failed response', () => {
  expect(factsOf('responses', [event('response.failed', { id: 'r' })])).toMatchObject({ failed: true });
});

test.each(['response.created', 'response.queued', 'response.in_progress', 'response.failed'])(
  'does not count %s as a sign of an answer',
  (type) => {
    expect(factsOf('responses', [event(type, { id: 'r' })])).toMatchObject({ hasContent: false, complete: false });
  },
);

test.each([
  'response.output_item.added',
  'response.web_search_call.searching',
  'response.image_generation_call.partial_image',
])('counts %s as a sign of an answer', (type) => {
  expect(factsOf('responses', [event('response.created', { id: 'r' }), event(type)]).hasContent).toBe(true);
});

test.each([undefined, null, 'text', 7, [], {}, { choices: 'x' }, { choices: [null] }, { type: 1 }])(
  'a chunk that is %j does no harm',
  (chunk) => {
    for (const surface of ['chat', 'responses'] as const) {
      expect(factsOf(surface, [chunk])).toMatchObject({ hasContent: false, failed: false, usage: undefined });
    }
  },
);

test.each<[unknown, boolean]>([
  [{ choices: [], usage: { total_tokens: 1 } }, true],
  [{ choices: [], usage: null }, false],
  [{ choices: [] }, false],
  [{ choices: [{ index: 0 }], usage: { total_tokens: 1 } }, false],
  [{ usage: { total_tokens: 1 } }, false],
  [null, false],
])('whether %j is a usage chunk: %s', (chunk, expected) => {
  expect(isUsageChunk(chunk)).toBe(expected);
});
