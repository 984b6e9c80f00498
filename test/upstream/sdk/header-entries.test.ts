/** Headers in every form that the SDK accepts. */

import { expect, test } from 'vitest';
import { headerEntries } from '../../../src/upstream/sdk/secrets.ts';

const ENTRIES = [
  ['x-one', '1'],
  ['x-two', 'b'],
];

test.each<[string, unknown]>([
  ['a record', { 'X-One': '1', 'x-two': 'b' }],
  ['a Headers object', new Headers({ 'X-One': '1', 'x-two': 'b' })],
  [
    'a list of pairs',
    [
      ['X-One', '1'],
      ['x-two', 'b'],
    ],
  ],
  [
    'a map',
    new Map([
      ['X-One', '1'],
      ['x-two', 'b'],
    ]),
  ],
  ['a record with undefined', { 'X-One': '1', 'x-two': 'b', 'x-three': undefined }],
])('reads the entries of %s, names in lower case', (_form, headers) => {
  expect(headerEntries(headers)).toEqual(ENTRIES);
});

test('keeps null, which removes a default header', () => {
  expect(headerEntries({ 'X-One': null })).toEqual([['x-one', null]]);
});

test('returns one entry for each of several values', () => {
  expect(headerEntries({ 'x-one': ['1', '2'] })).toEqual([
    ['x-one', '1'],
    ['x-one', '2'],
  ]);
});

test('reads the SDK’s own header objects', () => {
  const built = { values: new Headers({ 'x-one': '1' }), nulls: new Set(['x-two']) };
  expect(headerEntries(built)).toEqual([
    ['x-one', '1'],
    ['x-two', null],
  ]);
});

test.each([undefined, null, 'x: y', 7])('returns no entries for %s', (headers) => {
  expect(headerEntries(headers)).toEqual([]);
});
