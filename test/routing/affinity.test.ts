import { expect, test } from 'vitest';
import { Affinity } from '../../src/routing/affinity.ts';

test('an id belongs to the upstream that created it', () => {
  const affinity = new Affinity();
  affinity.remember('resp_1', 'canary');
  expect(affinity.ownerOf('resp_1')).toBe('canary');
});

test('an unknown id has no owner', () => {
  expect(new Affinity().ownerOf('resp_1')).toBeUndefined();
});

test('the last upstream to claim an id owns it', () => {
  const affinity = new Affinity();
  affinity.remember('conv_1', 'stable');
  affinity.remember('conv_1', 'canary');
  expect(affinity.ownerOf('conv_1')).toBe('canary');
  expect(affinity.size).toBe(1);
});

test('beyond its limit the least recently used id is forgotten', () => {
  const affinity = new Affinity(2);
  for (const id of ['resp_1', 'resp_2', 'resp_3']) affinity.remember(id, 'canary');
  expect(affinity.ownerOf('resp_1')).toBeUndefined();
  expect(affinity.ownerOf('resp_2')).toBe('canary');
  expect(affinity.ownerOf('resp_3')).toBe('canary');
  expect(affinity.size).toBe(2);
});

test('a lookup counts as a use', () => {
  const affinity = new Affinity(2);
  affinity.remember('resp_1', 'canary');
  affinity.remember('resp_2', 'stable');
  affinity.ownerOf('resp_1');
  affinity.remember('resp_3', 'stable');
  expect(affinity.ownerOf('resp_1')).toBe('canary');
  expect(affinity.ownerOf('resp_2')).toBeUndefined();
});

test('remembering an id again counts as a use', () => {
  const affinity = new Affinity(2);
  for (const id of ['resp_1', 'resp_2', 'resp_1', 'resp_3']) affinity.remember(id, 'canary');
  expect(affinity.ownerOf('resp_1')).toBe('canary');
  expect(affinity.ownerOf('resp_2')).toBeUndefined();
});

test('the default limit is 10,000 ids', () => {
  const affinity = new Affinity();
  for (let id = 0; id < 10_001; id++) affinity.remember(`resp_${id}`, 'canary');
  expect(affinity.size).toBe(10_000);
});
