/** Aspects, agreement and ratios of a comparison. */

import { describe, expect, test } from 'vitest';
import { loadSchemaValidator } from '../../../src/providers/validate-schema.ts';
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

const keepsSchema = await loadSchemaValidator();

function compared(real: Some, shadow: Some, body: unknown = {}): Comparison {
  return compareAnswers({ surface: 'chat', body }, { ...ANSWER, ...real }, { ...ANSWER, ...shadow }, keepsSchema);
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

test('equal answers agree in all aspects', () => {
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

test('the agreement is the mean of the content aspects', () => {
  const { agreement, aspects } = compared({ text: 'one two three four' }, { text: 'one two' });
  expect(aspects.text).toBeCloseTo(2 / 3);
  expect(aspects.length).toBeCloseTo(7 / 18);
  expect(agreement).toBeCloseTo((2 / 3 + 7 / 18) / 2);
});

test('the agreement is halved if the finish reasons differ, and 0 if only one answer refuses', () => {
  const answer = { text: 'Yes.' };
  expect(compared(answer, { ...answer, finishReason: 'length' }).agreement).toBe(0.5);
  expect(compared(answer, { ...answer, refused: true }).agreement).toBe(0);
  expect(compared({}, {}).agreement).toBe(1);
});

test('a different finish reason and a refusal score 0', () => {
  expect(compared({}, { finishReason: 'length' }).aspects.finishReason).toBe(0);
  expect(compared({ text: 'Yes.' }, { refused: true }).aspects).toMatchObject({ refusal: 0, length: 0, text: 0 });
});

test.each([
  [KEEPS, '{"city": "Oslo", "days": 9}', 1],
  [KEEPS, '{"city": "Oslo"}', 0],
  [KEEPS, 'Here you are: {"city": "Oslo", "days": 9}', 0],
  [KEEPS, '```json\n{"city": "Oslo", "days": 9}\n```', 0],
  ['{"city": "Rome"}', '{"city": "Oslo"}', 1],
])('with a requested schema, %s against %s scores %i', (real, shadow, score) => {
  expect(compared({ text: real }, { text: shadow }, ASKS_SCHEMA).aspects.schema).toBe(score);
});

test('reads the schema of a Responses API call', () => {
  const body = { text: { format: { type: 'json_schema', name: 'trip', schema: SCHEMA } } };
  const shadow = { ...ANSWER, text: '{}' };
  expect(
    compareAnswers({ surface: 'responses', body }, { ...ANSWER, text: KEEPS }, shadow, keepsSchema).aspects.schema,
  ).toBe(0);
});

test('an unreadable schema gives no schema aspect', () => {
  const body = { response_format: { type: 'json_schema', json_schema: { schema: { $ref: '#/nowhere' } } } };
  expect(compared({ text: KEEPS }, { text: KEEPS }, body).aspects).not.toHaveProperty('schema');
});

test('compares JSON by shape, not by text', () => {
  const real = '{"city": "Rome", "days": [{"sun": true}, {"sun": false}], "note": null}';
  const same = '{"note": null, "days": [{"sun": false}], "city": "Oslo"}';
  expect(compared({ text: real }, { text: same }).aspects).toEqual({ finishReason: 1, refusal: 1, json: 1 });
  const other = '{"city": 7, "days": [], "note": null}';
  // Shared of 7 paths in all: the object, the list, the note.
  expect(compared({ text: real }, { text: other }).aspects.json).toBeCloseTo(3 / 7);
});

describe('function calls', () => {
  const call = (name: string, args: unknown) => ({ name, arguments: JSON.stringify(args) });

  test('are compared by name, counted with multiplicity', () => {
    const { toolNames } = compared(
      { toolCalls: [call('a', {}), call('a', {}), call('b', {})] },
      { toolCalls: [call('a', {}), call('c', {})] },
    ).aspects;
    expect(toolNames).toBeCloseTo(1 / 4);
  });

  test('are compared by their arguments, ignoring order and white space', () => {
    const real = [call('pay', { to: 'Ann', eur: 5 }), { name: 'log', arguments: '{}' }];
    const shadow = [{ name: 'pay', arguments: '{ "eur": 6, "to": "Ann" }' }, call('log', {})];
    const { toolNames, toolArguments } = compared({ toolCalls: real }, { toolCalls: shadow }).aspects;
    expect(toolNames).toBe(1);
    // The object and `to` of four facts agree; `log` agrees whole.
    expect(toolArguments).toBeCloseTo((2 / 4 + 1) / 2);
  });

  test('of one side only disagree', () => {
    const { aspects } = compared({ toolCalls: [call('pay', {})] }, { text: 'Shall I?' });
    expect(aspects).toMatchObject({ toolNames: 0 });
    expect(aspects).not.toHaveProperty('toolArguments');
  });

  test('whose arguments are not JSON agree only if they are equal', () => {
    const broken = [{ name: 'pay', arguments: '{"to' }];
    expect(compared({ toolCalls: broken }, { toolCalls: broken }).aspects.toolArguments).toBe(1);
    expect(compared({ toolCalls: broken }, { toolCalls: [call('pay', {})] }).aspects.toolArguments).toBe(0);
  });
});

test('compares texts in scripts without spaces by character', () => {
  expect(compared({ text: '今天天气很好' }, { text: '今天天气不好' }).aspects.text).toBeCloseTo(5 / 6);
});

test('ratios are shadow over real, if both are known', () => {
  const shadow = { latencyMs: 500, firstChunkMs: 90, costUsd: null };
  expect(compared({ firstChunkMs: 30 }, shadow)).toMatchObject({
    latencyRatio: 0.5,
    firstChunkRatio: 3,
    costRatio: undefined,
  });
});

test('does not compare embeddings', () => {
  const comparison = compareAnswers({ surface: 'embeddings', body: {} }, ANSWER, ANSWER);
  expect(comparison).toMatchObject({ agreement: null, aspects: {}, latencyRatio: 1 });
});

test('compares answers of a megabyte by their beginnings', () => {
  const long = 'word '.repeat(200_000);
  const deep = `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`;
  const wide = JSON.stringify(Array.from({ length: 50_000 }, (_, index) => ({ [`key${index}`]: index })));
  for (const text of [long, deep, wide]) expect(compared({ text }, { text }).agreement).toBe(1);
});
