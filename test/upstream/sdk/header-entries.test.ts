/** Headers in every form that the SDK takes. */

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
])('%s gives its entries, names in lower case', (_form, headers) => {
  expect(headerEntries(headers)).toEqual(ENTRIES);
});

test('null, which removes a default header, is kept', () => {
  expect(headerEntries({ 'X-One': null })).toEqual([['x-one', null]]);
});

test('several values of one name are several entries', () => {
  expect(headerEntries({ 'x-one': ['1', '2'] })).toEqual([
    ['x-one', '1'],
    ['x-one', '2'],
  ]);
});

test('what the SDK has made of headers itself is read as well', () => {
  const built = { values: new Headers({ 'x-one': '1' }), nulls: new Set(['x-two']) };
  expect(headerEntries(built)).toEqual([
    ['x-one', '1'],
    ['x-two', null],
  ]);
});

test.each([undefined, null, 'x: y', 7])('%s has no entries', (headers) => {
  expect(headerEntries(headers)).toEqual([]);
});
