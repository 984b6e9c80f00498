import { expect, test } from 'vitest';
import { upstreamModel } from '../../src/providers/upstream-model.ts';

const call = (surface: 'chat' | 'completions' | 'responses' | 'embeddings' | 'moderations' | 'other') =>
  ({ surface, model: 'a' }) as const;

test('keeps the caller’s model without a rule', () => {
  expect(upstreamModel(undefined, call('chat'))).toBe('a');
});

test.each(['chat', 'completions', 'responses'] as const)('a string replaces every model of %s', (surface) => {
  expect(upstreamModel('b', call(surface))).toBe('b');
});

test.each(['embeddings', 'moderations', 'other'] as const)('a string does not apply to %s', (surface) => {
  expect(upstreamModel('b', call(surface))).toBe('a');
});

test('a record maps the models for which it has entries', () => {
  expect(upstreamModel({ a: 'b' }, call('embeddings'))).toBe('b');
  expect(upstreamModel({ c: 'b' }, call('chat'))).toBe('a');
  expect(upstreamModel({ c: 'b' }, { surface: 'chat', model: undefined })).toBeUndefined();
});

test.each([
  ['chat', 'a', 'b'],
  ['chat', 'other', 'c'],
  ['chat', undefined, 'c'],
  ['embeddings', 'a', 'b'],
  ['embeddings', 'other', 'other'],
] as const)(
  'the entry * of a record applies on %s to model %s only where it has no entry',
  (surface, model, requested) => {
    expect(upstreamModel({ a: 'b', '*': 'c' }, { surface, model })).toBe(requested);
  },
);
