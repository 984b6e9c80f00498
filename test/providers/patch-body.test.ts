import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { patchBody, type BodyPatch } from '../../src/providers/patch-body.ts';

const patch = (set: Record<string, unknown>, remove: readonly string[] = []): BodyPatch => ({ set, remove });

describe('setting a member', () => {
  test('replaces the old value', () => {
    expect(patchBody('{"model":"a","n":1}', patch({ model: 'b' }))).toBe('{"model":"b","n":1}');
  });

  test('adds a new member at the end', () => {
    expect(patchBody('{"n":1}', patch({ a: [2], b: null }))).toBe('{"n":1,"a":[2],"b":null}');
    expect(patchBody('{}', patch({ a: 1, b: 2 }))).toBe('{"a":1,"b":2}');
    expect(patchBody(' { } ', patch({ a: 1 }))).toBe(' {"a":1 } ');
  });

  test('finds a key that is written with escapes', () => {
    expect(patchBody('{"mo\\u0064el":"a"}', patch({ model: 'b' }))).toBe('{"mo\\u0064el":"b"}');
  });

  test('replaces every duplicate, so that all parsers agree', () => {
    expect(patchBody('{"a":1,"b":2,"a":3}', patch({ a: 9 }))).toBe('{"a":9,"b":2,"a":9}');
  });

  test('ignores nested members of the same name', () => {
    const nested = '{"tools":[{"model":"x"}],"meta":{"model":{"model":1}},"model":"a"}';
    expect(patchBody(nested, patch({ model: 'b' }))).toBe(nested.replace('"a"', '"b"'));
  });

  test('wins over removing the same member', () => {
    expect(patchBody('{"a":1}', patch({ a: 2 }, ['a']))).toBe('{"a":2}');
  });

  test('removes the member where JSON cannot express the value', () => {
    expect(patchBody('{"a":1,"b":2}', patch({ a: undefined, c: undefined }))).toBe('{"b":2}');
  });

  test('works for a member called __proto__', () => {
    const set = Object.fromEntries([['__proto__', 1]]);
    expect(patchBody('{"a":1}', patch(set))).toBe('{"a":1,"__proto__":1}');
  });
});

describe('removing a member', () => {
  test.each([
    ['a', '{"b":2,"c":3}'],
    ['b', '{"a":1,"c":3}'],
    ['c', '{"a":1,"b":2}'],
  ])('removes one comma: %s', (key, expected) => {
    expect(patchBody('{"a":1,"b":2,"c":3}', patch({}, [key]))).toBe(expected);
  });

  test('works when all later members are removed, too', () => {
    expect(patchBody('{"a":1,"b":2,"c":3}', patch({}, ['c', 'b']))).toBe('{"a":1}');
    expect(patchBody('{"a":1,"b":2,"c":3}', patch({ d: 4 }, ['c', 'b']))).toBe('{"a":1,"d":4}');
  });

  test('works for the only member', () => {
    expect(patchBody('{ "a": 1 }', patch({}, ['a']))).toBe('{  }');
    expect(patchBody('{"a":1,"b":2}', patch({ c: 3 }, ['a', 'b']))).toBe('{"c":3}');
  });

  test('removes every duplicate', () => {
    expect(patchBody('{"a":1,"b":2,"a":3}', patch({}, ['a']))).toBe('{"b":2}');
  });
});

test('everything outside the edited members stays byte for byte', () => {
  const text = '\n{ "a" : 1.0e2 ,\t"model":"x" , "s" : "\\u00e9\\"}]\\\\" , "o":{ "k":[ 1 , {} ] } }\r\n';
  expect(patchBody(text, patch({ model: 'y' }))).toBe(text.replace('"x"', '"y"'));
  expect(patchBody(text, patch({}, ['model']))).toBe(text.replace('"model":"x" , ', ''));
});

test('braces, quotes and backslashes inside strings are ignored', () => {
  const text = JSON.stringify({ a: '}{][",\\', b: ['\\"', '\\\\'], '{"': 1, model: 'x' });
  expect(patchBody(text, patch({ model: 'y' }))).toBe(text.replace('"x"', '"y"'));
});

test.each([
  '',
  ' ',
  'null',
  '42',
  '"a"',
  '[]',
  '[{"a":1}]',
  '{',
  '{"a"',
  '{"a"}',
  '{"a":',
  '{"a":}',
  '{"a":1',
  '{"a":1,}',
  '{"a":1,,"b":2}',
  '{,}',
  '{a:1}',
  '{"a":"x}',
  '{"a":"x\\"}',
  '{"a":[1}',
  '{"a":01}',
  '{"a":nope}',
  '{"a":1 2}',
  '{"\\x":1}',
  '{"a":1}{"b":2}',
  '{"a":1} trailing',
  '{} {}',
])('a text that is not a JSON object is returned unchanged: %j', (text) => {
  expect(patchBody(text, patch({ a: 9, z: 1 }, ['b']))).toBe(text);
});

test('a patch without edits returns the text unchanged', () => {
  expect(patchBody('{"a" : 1}', patch({}))).toBe('{"a" : 1}');
});

const keys = fc.oneof(
  fc.constantFrom('a', 'b', 'model', '', '__proto__', 'k"\\', 'é\n'),
  fc.string({ unit: 'binary' }),
);
const bodies = fc.dictionary(keys, fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true });
const patches = fc.record({
  set: fc.dictionary(keys, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4, noNullPrototype: true }),
  remove: fc.array(keys, { maxLength: 4 }),
});

/** The same edit on the object. */
function edited(body: Record<string, unknown>, { set, remove }: BodyPatch): unknown {
  const entries = new Map(Object.entries(body));
  for (const key of remove) entries.delete(key);
  for (const [key, value] of Object.entries(set)) entries.set(key, value);
  return JSON.parse(JSON.stringify(Object.fromEntries(entries)));
}

test('patching the text equals patching the object, for any body and layout', () => {
  fc.assert(
    fc.property(bodies, patches, fc.constantFrom(undefined, 1, '\t', '\r\n '), (body, change, space) => {
      expect(JSON.parse(patchBody(JSON.stringify(body, null, space), change))).toEqual(edited(body, change));
    }),
    { numRuns: 1_000 },
  );
});

test('setting one member changes no other byte, for any body', () => {
  fc.assert(
    fc.property(bodies, keys, fc.jsonValue(), fc.jsonValue(), (body, key, before, after) => {
      const marked = { ...body, ...Object.fromEntries([[key, before]]) };
      const [head, tail] = split(JSON.stringify(marked, null, 1), key, JSON.stringify(before, null, 1));
      const patched = patchBody(JSON.stringify(marked, null, 1), patch(Object.fromEntries([[key, after]])));
      expect(patched).toBe(head + JSON.stringify(after) + tail);
    }),
  );

  /** The text around the member's value. Top-level members are found by their indent of one. */
  function split(text: string, key: string, value: string): readonly [string, string] {
    const member = `\n ${JSON.stringify(key)}: `;
    const valueStart = text.indexOf(member) + member.length;
    return [text.slice(0, valueStart), text.slice(valueStart + value.replaceAll('\n', '\n ').length)];
  }
});

test('never throws, for any text', () => {
  const fragments = fc.array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', 'a', '1', ' ', 'null', '"a"'));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fragments.map((parts) => parts.join('')),
      ),
      patches,
      (text, change) => {
        expect(typeof patchBody(text, change)).toBe('string');
      },
    ),
  );
});
