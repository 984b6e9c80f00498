/** What two answers are compared by. */

import { describe, expect, test } from 'vitest';
import { compareAnswers } from '../../../src/shadow/compare/compare-answers.ts';
import type { Comparison, ShadowAnswer } from '../../../src/index.ts';

const ANSWER: ShadowAnswer = {
  upstream: 'openai',
  model: 'gpt-4.1',
  text: '',
  finishReason: 'stop',
  refused: false,
  toolCalls: [],
  body: undefined,
  latencyMs: 1_000,
  firstChunkMs: undefined,
  costUsd: 0.002,
};

type Some = Partial<ShadowAnswer>;

function compared(real: Some, shadow: Some, body: unknown = {}): Comparison {
  return compareAnswers({ surface: 'chat', body }, { ...ANSWER, ...real }, { ...ANSWER, ...shadow });
}

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const ASKS_SCHEMA = {
  response_format: { type: 'json_schema', json_schema: { name: 'trip', strict: true, schema: SCHEMA } },
};
const KEEPS = '{"city": "Rome", "days": 3}';

test('equal answers agree in all', () => {
  const answer = { text: 'The sky is blue.' };
  expect(compared(answer, answer)).toEqual({
    agreement: 1,
    aspects: { finishReason: 1, refusal: 1, length: 1, text: 1 },
    labels: [],
    latencyRatio: 1,
    firstChunkRatio: undefined,
    costRatio: 1,
  });
});

test('the agreement is the mean of what is said alike', () => {
  const { agreement, aspects } = compared({ text: 'one two three four' }, { text: 'one two' });
  expect(aspects.text).toBeCloseTo(2 / 3);
  expect(aspects.length).toBeCloseTo(7 / 18);
  expect(agreement).toBeCloseTo((2 / 3 + 7 / 18) / 2);
});

test('the agreement is halved where the answers end for different reasons, and 0 where only one refuses', () => {
  const answer = { text: 'Yes.' };
  expect(compared(answer, { ...answer, finishReason: 'length' }).agreement).toBe(0.5);
  expect(compared(answer, { ...answer, refused: true }).agreement).toBe(0);
  expect(compared({}, {}).agreement).toBe(1);
});

test('another finish reason and a refusal are seen', () => {
  expect(compared({}, { finishReason: 'length' }).aspects.finishReason).toBe(0);
  expect(compared({ text: 'Yes.' }, { refused: true }).aspects).toMatchObject({ refusal: 0, length: 0, text: 0 });
});

test.each([
  [KEEPS, '{"city": "Oslo", "days": 9}', 1],
  [KEEPS, '{"city": "Oslo"}', 0],
  [KEEPS, 'Here you are: {"city": "Oslo", "days": 9}', 0],
  [KEEPS, '```json\n{"city": "Oslo", "days": 9}\n```', 0],
  ['{"city": "Rome"}', '{"city": "Oslo"}', 1],
])('where a schema is asked for, %s against %s scores %i', (real, shadow, score) => {
  expect(compared({ text: real }, { text: shadow }, ASKS_SCHEMA).aspects.schema).toBe(score);
});

test('the schema of a Responses call is found', () => {
  const body = { text: { format: { type: 'json_schema', name: 'trip', schema: SCHEMA } } };
  const shadow = { ...ANSWER, text: '{}' };
  expect(compareAnswers({ surface: 'responses', body }, { ...ANSWER, text: KEEPS }, shadow).aspects.schema).toBe(0);
});

test('a schema that cannot be read says nothing', () => {
  const body = { response_format: { type: 'json_schema', json_schema: { schema: { $ref: '#/nowhere' } } } };
  expect(compared({ text: KEEPS }, { text: KEEPS }, body).aspects).not.toHaveProperty('schema');
});

test('JSON is compared by its shape, not by its words', () => {
  const real = '{"city": "Rome", "days": [{"sun": true}, {"sun": false}], "note": null}';
  const same = '{"note": null, "days": [{"sun": false}], "city": "Oslo"}';
  expect(compared({ text: real }, { text: same }).aspects).toEqual({ finishReason: 1, refusal: 1, json: 1 });
  const other = '{"city": 7, "days": [], "note": null}';
  // Shared of 7 paths in all: the object, the list, the note.
  expect(compared({ text: real }, { text: other }).aspects.json).toBeCloseTo(3 / 7);
});

describe('function calls', () => {
  const call = (name: string, args: unknown) => ({ name, arguments: JSON.stringify(args) });

  test('are compared by name, each as often as it is called', () => {
    const { toolNames } = compared(
      { toolCalls: [call('a', {}), call('a', {}), call('b', {})] },
      { toolCalls: [call('a', {}), call('c', {})] },
    ).aspects;
    expect(toolNames).toBeCloseTo(1 / 4);
  });

  test('are compared by their arguments, whatever the order and the white space', () => {
    const real = [call('pay', { to: 'Ann', eur: 5 }), { name: 'log', arguments: '{}' }];
    const shadow = [{ name: 'pay', arguments: '{ "eur": 6, "to": "Ann" }' }, call('log', {})];
    const { toolNames, toolArguments } = compared({ toolCalls: real }, { toolCalls: shadow }).aspects;
    expect(toolNames).toBe(1);
    // The object and `to` of four facts agree; `log` agrees whole.
    expect(toolArguments).toBeCloseTo((2 / 4 + 1) / 2);
  });

  test('that one side alone makes disagree', () => {
    const { aspects } = compared({ toolCalls: [call('pay', {})] }, { text: 'Shall I?' });
    expect(aspects).toMatchObject({ toolNames: 0 });
    expect(aspects).not.toHaveProperty('toolArguments');
  });

  test('with arguments that are no JSON agree only where they are equal', () => {
    const broken = [{ name: 'pay', arguments: '{"to' }];
    expect(compared({ toolCalls: broken }, { toolCalls: broken }).aspects.toolArguments).toBe(1);
    expect(compared({ toolCalls: broken }, { toolCalls: [call('pay', {})] }).aspects.toolArguments).toBe(0);
  });
});

test('texts in scripts without spaces are compared by character', () => {
  expect(compared({ text: '今天天气很好' }, { text: '今天天气不好' }).aspects.text).toBeCloseTo(5 / 6);
});

test('ratios are of the shadow to the real answer, where both are known', () => {
  const shadow = { latencyMs: 500, firstChunkMs: 90, costUsd: null };
  expect(compared({ firstChunkMs: 30 }, shadow)).toMatchObject({
    latencyRatio: 0.5,
    firstChunkRatio: 3,
    costRatio: undefined,
  });
});

test('vectors are not compared', () => {
  const comparison = compareAnswers({ surface: 'embeddings', body: {} }, ANSWER, ANSWER);
  expect(comparison).toMatchObject({ agreement: null, aspects: {}, latencyRatio: 1 });
});

test('answers of a megabyte are compared by their beginnings, at once', () => {
  const long = 'word '.repeat(200_000);
  const deep = `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`;
  const wide = JSON.stringify(Array.from({ length: 50_000 }, (_, index) => ({ [`key${index}`]: index })));
  for (const text of [long, deep, wide]) expect(compared({ text }, { text }).agreement).toBe(1);
});
