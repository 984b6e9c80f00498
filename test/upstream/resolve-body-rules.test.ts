import { describe, expect, test } from 'vitest';
import type { UpstreamOptions } from '../../src/index.ts';
import { resolveBodyRules } from '../../src/upstream/resolve-connection.ts';
import { messageOf } from '../support/message-of.ts';

const resolve = (options: UpstreamOptions) => resolveBodyRules('up', options);
/** A value as plain JavaScript passes it, without a compiler. */
const refusal = (options: object) => messageOf(() => resolve(options));

test('changes nothing without options', () => {
  expect(resolve({})).toEqual({ model: undefined, params: undefined, maxOutputTokens: undefined });
});

test('maps model to model with a record', () => {
  expect(resolve({ model: { 'gpt-4.1': 'gemini-2.5-pro' } })).toMatchObject({ model: { 'gpt-4.1': 'gemini-2.5-pro' } });
});

test.each([
  [{ model: '' }, 'up.model should be a model or a record of models, got ""'],
  [{ model: null }, 'up.model should be a model or a record of models, got null'],
  [{ model: ['gpt-4.1'] }, 'up.model should be a model or a record of models, got a list'],
  [{ model: { 'gpt-4.1': '' } }, 'up.model.gpt-4.1 should be a model, got ""'],
  [{ model: { 'gpt-4.1': null } }, 'up.model.gpt-4.1 should be a model, got null'],
  [{ maxOutputTokens: 0 }, 'up.maxOutputTokens should be a whole number, at least 1, got 0'],
  [{ maxOutputTokens: null }, 'up.maxOutputTokens should be a whole number, at least 1, got null'],
])('rejects %j', (options, message) => {
  expect(refusal(options)).toBe(message);
});

describe('params', () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;

  test.each([
    [null, 'up.params should be an object of body fields, got null'],
    [[], 'up.params should be an object of body fields, got a list'],
    ['{}', 'up.params should be an object of body fields, got a string'],
    [{ stream: true }, 'up.params.stream should not be set: the caller chooses'],
    [{ stream: null }, 'up.params.stream should not be set: the caller chooses'],
    [{ metadata: cycle }, 'up.params.metadata should be a JSON value, got an object'],
    [{ seed: 1n }, 'up.params.seed should be a JSON value, got 1'],
    [{ stop: () => 'x' }, 'up.params.stop should be a JSON value, got a function'],
    [{ stop: Symbol('x') }, 'up.params.stop should be a JSON value, got Symbol(x)'],
  ])('rejects %o', (params, message) => {
    expect(refusal({ params })).toBe(message);
  });

  test('ignores undefined fields', () => {
    expect(resolve({ params: { temperature: undefined } }).params).toEqual({ temperature: undefined });
  });
});
