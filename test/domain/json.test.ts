import { describe, expect, it } from 'vitest';
import { fields, isRecord } from '../../src/domain/json.ts';

describe('isRecord', () => {
  it('accepts objects, and rejects lists, null and primitives', () => {
    const values = [{}, { a: 1 }, new Error('x'), [], null, undefined, 'text', 1, () => undefined];
    expect(values.map((value) => isRecord(value))).toEqual([true, true, true, ...Array<boolean>(6).fill(false)]);
  });
});

describe('fields', () => {
  it('returns an object itself', () => {
    const value = { a: 1 };
    expect(fields(value)).toBe(value);
  });

  it('returns no fields for any other value', () => {
    for (const value of [null, undefined, 'text', 1, true]) expect(Object.keys(fields(value))).toEqual([]);
  });
});
