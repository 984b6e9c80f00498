import { expect, test } from 'vitest';
import { matchSegment } from '../../src/routing/segment.ts';

test('the first matching segment decides', () => {
  const segments = [
    { when: { plan: 'premium' }, upstream: 'stable' },
    { when: { beta: true }, upstream: 'canary' },
    { when: { beta: true, plan: 'free' }, upstream: 'second' },
  ];
  expect(matchSegment(segments, { plan: 'premium', beta: true })?.upstream).toBe('stable');
  expect(matchSegment(segments, { plan: 'free', beta: true })?.upstream).toBe('canary');
});

test('every attribute must match', () => {
  const segments = [{ when: { beta: true, plan: 'free' }, upstream: 'canary' }];
  expect(matchSegment(segments, { beta: true, plan: 'free', region: 'eu' })?.upstream).toBe('canary');
  expect(matchSegment(segments, { beta: true, plan: 'premium' })).toBeUndefined();
  expect(matchSegment(segments, { beta: true })).toBeUndefined();
});

test('a list of values matches each of them', () => {
  const segments = [{ when: { region: ['eu', 'us'] }, upstream: 'canary' }];
  expect(matchSegment(segments, { region: 'us' })?.upstream).toBe('canary');
  expect(matchSegment(segments, { region: 'ap' })).toBeUndefined();
});

test('an empty list matches nothing', () => {
  expect(matchSegment([{ when: { region: [] }, upstream: 'canary' }], { region: 'eu' })).toBeUndefined();
});

test('an empty condition matches every call', () => {
  expect(matchSegment([{ when: {}, upstream: 'canary' }], {})?.upstream).toBe('canary');
});

test.each([
  [1, '1'],
  [true, 'true'],
  [false, 0],
])('%j is not %j: values are compared with their types', (expected, actual) => {
  expect(matchSegment([{ when: { flag: expected }, upstream: 'canary' }], { flag: actual })).toBeUndefined();
  expect(matchSegment([{ when: { flag: [expected] }, upstream: 'canary' }], { flag: actual })).toBeUndefined();
});

test('without segments there is no upstream', () => {
  expect(matchSegment([], { plan: 'premium' })).toBeUndefined();
});
