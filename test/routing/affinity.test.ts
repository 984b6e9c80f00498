import { expect, test } from 'vitest';
import { createAffinity } from '../../src/routing/affinity.ts';

test('an id belongs to the upstream that made it', () => {
  const affinity = createAffinity();
  affinity.remember('resp_1', 'canary');
  expect(affinity.ownerOf('resp_1')).toBe('canary');
});

test('an id that was never seen has no owner', () => {
  expect(createAffinity().ownerOf('resp_1')).toBeUndefined();
});

test('the last upstream to claim an id owns it', () => {
  const affinity = createAffinity();
  affinity.remember('conv_1', 'stable');
  affinity.remember('conv_1', 'canary');
  expect(affinity.ownerOf('conv_1')).toBe('canary');
  expect(affinity.size).toBe(1);
});

test('beyond its bound it forgets the id used longest ago', () => {
  const affinity = createAffinity(2);
  for (const id of ['resp_1', 'resp_2', 'resp_3']) affinity.remember(id, 'canary');
  expect(affinity.ownerOf('resp_1')).toBeUndefined();
  expect(affinity.ownerOf('resp_2')).toBe('canary');
  expect(affinity.ownerOf('resp_3')).toBe('canary');
  expect(affinity.size).toBe(2);
});

test('asking for an owner counts as a use', () => {
  const affinity = createAffinity(2);
  affinity.remember('resp_1', 'canary');
  affinity.remember('resp_2', 'stable');
  affinity.ownerOf('resp_1');
  affinity.remember('resp_3', 'stable');
  expect(affinity.ownerOf('resp_1')).toBe('canary');
  expect(affinity.ownerOf('resp_2')).toBeUndefined();
});

test('remembering an id again counts as a use', () => {
  const affinity = createAffinity(2);
  for (const id of ['resp_1', 'resp_2', 'resp_1', 'resp_3']) affinity.remember(id, 'canary');
  expect(affinity.ownerOf('resp_1')).toBe('canary');
  expect(affinity.ownerOf('resp_2')).toBeUndefined();
});

test('it holds ten thousand ids unless told otherwise', () => {
  const affinity = createAffinity();
  for (let id = 0; id < 10_001; id++) affinity.remember(`resp_${id}`, 'canary');
  expect(affinity.size).toBe(10_000);
});
