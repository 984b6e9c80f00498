import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkApiKey,
  checkDuration,
  checkFunction,
  checkKeys,
  checkList,
  checkNumber,
  checkObject,
  checkOneOf,
  checkText,
  formatValue,
} from '../../src/domain/check.ts';
import type { Duration } from '../../src/index.ts';
import { messageOf } from '../support/message-of.ts';

/** A value without a compile-time check, as JavaScript callers can pass it. */
const duration = (value: unknown) => checkDuration('at', value as Duration);

describe('a duration', () => {
  test.each([
    [1, 1],
    [0.5e3, 500],
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['4h', 14_400_000],
    ['1d', 86_400_000],
    ['0.001s', 1],
  ])('%j is %j ms', (written, ms) => {
    expect(duration(written)).toBe(ms);
  });

  test.each([
    '60 sec',
    '60 s',
    ' 60s',
    '60S',
    's',
    '60',
    '-60s',
    '+60s',
    '1e3s',
    '1m30s',
    '',
    null,
    true,
    undefined,
    [60],
    new Date(0),
  ])('%j is not a duration', (written) => {
    expect(messageOf(() => duration(written))).toBe(
      `at should be a number of ms or a string like '250ms', '30s', '5m', '4h', '1d', above 0, got ${formatValue(written)}`,
    );
  });

  test.each([0, -1, Number.NaN, -Infinity, '0s'])('%j is not long enough', (written) => {
    expect(messageOf(() => duration(written))).toContain(', above 0, got ');
  });

  test('may be 0 where the minimum is 0', () => {
    expect(checkDuration('at', 0, { min: 0 })).toBe(0);
    expect(messageOf(() => checkDuration('at', -1, { min: 0 }))).toBe(
      "at should be a number of ms or a string like '250ms', '30s', '5m', '4h', '1d', got -1",
    );
  });

  test('below the minimum is refused with the minimum', () => {
    expect(messageOf(() => checkDuration('at', '10ms', { min: 1_000 }))).toContain(', at least 1000 ms, got "10ms"');
  });

  test('above 24 days, the limit of a timer, is refused', () => {
    expect(duration('24d')).toBe(24 * 86_400_000);
    expect(messageOf(() => duration('25d'))).toContain(', at most 24 days, got "25d"');
    expect(messageOf(() => duration(Infinity))).toContain(', at most 24 days, got Infinity');
  });

  test('with a unit equals its number of ms', () => {
    const units = fc.constantFrom(['ms', 1], ['s', 1_000], ['m', 60_000]) as fc.Arbitrary<[string, number]>;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), units, (count, [unit, ms]) => {
        expect(duration(`${count}${unit}`)).toBe(duration(count * ms));
      }),
    );
  });
});

describe('a number', () => {
  test.each([
    [{ min: 0, max: 1 }, 'between 0 and 1'],
    [{ min: 0, max: 100, integer: true }, 'a whole number between 0 and 100'],
    [{ min: 0 }, 'a non-negative number'],
    [{ min: 2 }, 'a number, at least 2'],
    [{ min: 0, integer: true }, 'a whole number, at least 0'],
    [{ integer: true }, 'a whole number'],
    [{}, 'a number'],
  ])('within %j is described as %j', (bounds, words) => {
    expect(messageOf(() => checkNumber('at', 'x', bounds))).toBe(`at should be ${words}, got "x"`);
  });

  test('may equal its bounds', () => {
    expect(checkNumber('at', 0, { min: 0, max: 1 })).toBe(0);
    expect(checkNumber('at', 1, { min: 0, max: 1 })).toBe(1);
  });

  test.each([-0.001, 1.001, Number.NaN, Infinity, -Infinity, '0.5', null, undefined, [0.5], true, 1n])(
    '%s is not between 0 and 1',
    (value) => {
      expect(messageOf(() => checkNumber('at', value, { min: 0, max: 1 }))).toBe(
        `at should be between 0 and 1, got ${formatValue(value)}`,
      );
    },
  );

  test('with a fraction is refused where a whole number is required', () => {
    expect(messageOf(() => checkNumber('at', 1.5, { min: 1, integer: true }))).toBe(
      'at should be a whole number, at least 1, got 1.5',
    );
  });
});

describe('one of a list', () => {
  const names = ['openai', 'gemini', 'deepseek'];

  test('is returned unchanged', () => {
    expect(checkOneOf('at', 'gemini', names)).toBe('gemini');
  });

  test.each([
    ['gemeni', 'gemini'],
    ['GEMINI', 'gemini'],
    ['deepsek', 'deepseek'],
    ['penai', 'openai'],
  ])('suggests for %j the name %j', (written, meant) => {
    expect(messageOf(() => checkOneOf('at', written, names))).toBe(
      `at should be one of openai, gemini, deepseek, got "${written}"; did you mean ${meant}?`,
    );
  });

  test('suggests the closest name for a misspelled one', () => {
    expect(messageOf(() => checkOneOf('at', 'p96', ['p50', 'p95', 'p99']))).toContain('; did you mean p95?');
  });

  test('suggests no name of which more than half is wrong', () => {
    expect(messageOf(() => checkOneOf('at', 'xy', ['a', 'be', 'see']))).not.toContain('did you mean');
  });

  test.each(['anthropic', '', 5, null, ['gemini']])('suggests no name for %j', (written) => {
    expect(messageOf(() => checkOneOf('at', written, names))).toBe(
      `at should be one of openai, gemini, deepseek, got ${formatValue(written)}`,
    );
  });
});

describe('an object of options', () => {
  test('refuses a key that is not an option', () => {
    expect(messageOf(() => checkKeys('at', { wieght: 1 }, ['weight', 'hold']))).toBe(
      'at.wieght is not an option; did you mean weight?',
    );
    expect(messageOf(() => checkKeys('at', { colour: 1 }, ['weight', 'hold']))).toBe('at.colour is not an option');
  });

  test.each([
    [null, 'null'],
    [5, '5'],
    [true, 'true'],
    [[], 'a list'],
    [() => 1, 'a function'],
  ])('refuses %o', (value, shown) => {
    expect(messageOf(() => checkObject('at', value))).toBe(`at should be an object, got ${shown}`);
    expect(messageOf(() => checkKeys('at', value as object, []))).toBe(`at should be an object, got ${shown}`);
  });

  test('does not show a string in its place, which may be a secret', () => {
    expect(messageOf(() => checkObject('at', 'sk-secret'))).toBe('at should be an object, got a string');
    expect(messageOf(() => checkList('at', 'sk-secret', 'a list of rules'))).toBe(
      'at should be a list of rules, got a string',
    );
  });
});

test('an empty text is refused', () => {
  expect(checkText('at', 'blue', 'a name')).toBe('blue');
  expect(messageOf(() => checkText('at', '', 'a name'))).toBe('at should be a name, got ""');
  expect(messageOf(() => checkText('at', 7, 'a name'))).toBe('at should be a name, got 7');
});

test('a function may be omitted, and other values are refused', () => {
  expect(checkFunction('at', undefined)).toBeUndefined();
  expect(checkFunction('at', Math.random)).toBe(Math.random);
  expect(messageOf(() => checkFunction('at', null))).toBe('at should be a function, got null');
  expect(messageOf(() => checkFunction('at', 'user'))).toBe('at should be a function, got a string');
});

describe('an API key', () => {
  test.each([undefined, null, 'sk-key', async () => 'sk-key'])('may be %s', (key) => {
    expect(() => checkApiKey('apiKey', key)).not.toThrow();
  });

  test.each([
    ['', 'apiKey should not be blank'],
    [' \n', 'apiKey should not be blank'],
    ['sk-secret\n', 'apiKey should not contain white space'],
    ['sk secret', 'apiKey should not contain white space'],
    ['sk-secret\u00a0', 'apiKey should not contain white space'],
    [5, 'apiKey should be a string, or a function that resolves to one'],
    [false, 'apiKey should be a string, or a function that resolves to one'],
    [{ key: 'sk-secret' }, 'apiKey should be a string, or a function that resolves to one'],
  ])('%j is refused without being shown', (key, message) => {
    expect(messageOf(() => checkApiKey('apiKey', key))).toBe(message);
  });

  test('from the environment is refused with the name of its variable', () => {
    expect(messageOf(() => checkApiKey('apiKey', 'sk secret', 'GEMINI_API_KEY'))).toBe(
      'apiKey should not contain white space, but GEMINI_API_KEY does',
    );
  });
});

test.each([
  ['blue', '"blue"'],
  ['two\nlines', '"two\\nlines"'],
  ['x'.repeat(61), `"${'x'.repeat(60)}…"`],
  [1.5, '1.5'],
  [Number.NaN, 'NaN'],
  [10n, '10'],
  [null, 'null'],
  [undefined, 'undefined'],
  [Symbol('mark'), 'Symbol(mark)'],
  [[1, 2], 'a list'],
  [{ a: 1 }, 'an object'],
  [Math.max, 'a function'],
])('%o is shown as %s', (value, shown) => {
  expect(formatValue(value)).toBe(shown);
});
