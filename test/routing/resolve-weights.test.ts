import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveWeights } from '../../src/routing/resolve-split.ts';
import { clientWith, messageOf, refusalOf } from '../support/message-of.ts';

const resolve = (weights: Readonly<Record<string, number | undefined>>) =>
  resolveWeights('weights', weights, ['stable', 'gemini', 'deepseek'], 'stable');

describe('if stable is not named', () => {
  test.each([
    [{}, { stable: 1 }],
    [{ gemini: 0 }, { gemini: 0, stable: 1 }],
    [{ gemini: 0.25 }, { gemini: 0.25, stable: 0.75 }],
    [
      { gemini: 0.5, deepseek: 0.25 },
      { gemini: 0.5, deepseek: 0.25, stable: 0.25 },
    ],
    [
      { gemini: undefined, deepseek: 0.5 },
      { deepseek: 0.5, stable: 0.5 },
    ],
  ])('the shares of %j leave it the rest', (weights, resolved) => {
    expect(resolve(weights)).toEqual(resolved);
  });

  test.each([{ gemini: 1 }, { gemini: 0.5, deepseek: 0.5 }, { gemini: 0.1, deepseek: 0.9 }])(
    'the whole of %j leaves it nothing',
    (weights) => {
      expect(resolve(weights)).toEqual(weights);
    },
  );

  test('ten tenths sum to 1 in spite of rounding', () => {
    const names = Array.from({ length: 10 }, (_, index) => `u${index}`);
    const tenths = Object.fromEntries(names.map((name) => [name, 0.1]));
    expect(resolveWeights('weights', tenths, ['stable', ...names], 'stable')).toEqual(tenths);
  });
});

test('weights that name stable are unchanged', () => {
  expect(resolve({ stable: 95, gemini: 5 })).toEqual({ stable: 95, gemini: 5 });
  expect(resolve({ stable: 0, gemini: 0.5 })).toEqual({ stable: 0, gemini: 0.5 });
});

test('the shares of a client sum to 1 for any weights', () => {
  const weight = fc.double({ min: 0, max: 1e300, noNaN: true });
  fc.assert(
    fc.property(fc.record({ openai: weight, gemini: weight, deepseek: weight }), (weights) => {
      fc.pre(weights.openai + weights.gemini + weights.deepseek > 0);
      const shares = Object.values(clientWith({ weights }).canary.weights);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    }),
  );
});

test('the largest finite number is a valid weight', () => {
  expect(
    clientWith({ weights: { openai: 0, gemini: Number.MAX_VALUE } }).canary.explain({ key: 'user-1' }).upstream,
  ).toBe('gemini');
});

test.each([
  [{ gemini: -1 }, 'canary.weights.gemini should be a non-negative number, got -1'],
  [{ gemini: Number.NaN }, 'canary.weights.gemini should be a non-negative number, got NaN'],
  [{ gemini: Infinity }, 'canary.weights.gemini should be a non-negative number, got Infinity'],
  [{ gemini: '5%' }, 'canary.weights.gemini should be a non-negative number, got "5%"'],
  [{ gemini: null }, 'canary.weights.gemini should be a non-negative number, got null'],
  [{ openai: 0 }, 'canary.weights should not all be 0'],
  [{ openai: 0, gemini: 0 }, 'canary.weights should not all be 0'],
  [{ openai: 1e308, gemini: 1e308 }, 'canary.weights should have a finite sum'],
])('%j is refused', (weights, message) => {
  expect(refusalOf({ weights })).toBe(message);
});

test.each([
  [{ gemini: 10 }, 'got a sum of 10: write { openai: 90, gemini: 10 } or { gemini: 0.1 }'],
  [{ gemini: 1.5 }, 'got a sum of 1.5: write { openai: 98.5, gemini: 1.5 } or { gemini: 0.015 }'],
  [
    { gemini: 95, deepseek: 5 },
    'got a sum of 100: write { openai: 0, gemini: 95, deepseek: 5 } or { gemini: 0.95, deepseek: 0.05 }',
  ],
  [
    { gemini: 0.6, deepseek: 0.6 },
    'got a sum of 1.2: write { openai: 0, gemini: 0.6, deepseek: 0.6 } or { gemini: 0.5, deepseek: 0.5 }',
  ],
  [
    { gemini: 300, deepseek: 0 },
    'got a sum of 300: write { openai: 0, gemini: 300, deepseek: 0 } or { gemini: 1, deepseek: 0 }',
  ],
])('%j without stable is refused with both correct spellings', (weights, spellings) => {
  const rule = 'should name openai too, or be shares whose sum is at most 1';
  expect(refusalOf({ weights })).toBe(`canary.weights ${rule}, ${spellings}`);
  expect(messageOf(() => clientWith({}).canary.setWeights(weights))).toBe(`weights ${rule}, ${spellings}`);
});

test('a refusal names the path of the weights', () => {
  expect(messageOf(() => resolveWeights('weights', { other: 1 }, ['stable'], 'stable'))).toBe(
    'weights.other should be one of stable, got "other"',
  );
});
