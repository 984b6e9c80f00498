/** The current split, and its changes. */

import { expect, test } from 'vitest';
import { Traffic } from '../../src/routing/traffic.ts';

const NAMES = ['openai', 'gemini', 'deepseek'];

test('weights are normalized, and stable’s range is the last', () => {
  const traffic = new Traffic({ openai: 50, gemini: 25, deepseek: 25 }, NAMES, 'openai');
  expect(traffic.ranges).toEqual([
    [0.25, 'gemini'],
    [0.5, 'deepseek'],
    [1, 'openai'],
  ]);
  expect(traffic.weights).toEqual({ openai: 0.5, gemini: 0.25, deepseek: 0.25 });
});

test('a rollback gives the weight to the others in proportion', () => {
  const traffic = new Traffic({ openai: 6, gemini: 2, deepseek: 2 }, NAMES, 'openai');
  const change = traffic.rollback('gemini', 'why', 5);
  expect(change).toMatchObject({ action: 'rollback', reason: 'why', atMs: 5 });
  expect(traffic.weights).toMatchObject({ openai: 0.75, deepseek: 0.25 });
  expect(traffic.history).toEqual([change]);
});

test('a rollback of the only upstream with weight gives everything to stable', () => {
  const traffic = new Traffic({ gemini: 1 }, NAMES, 'openai');
  traffic.rollback('gemini', 'why', 0);
  expect(traffic.weights).toMatchObject({ openai: 1 });
});

test('stable cannot be rolled back if it serves alone', () => {
  const traffic = new Traffic({ openai: 1 }, NAMES, 'openai');
  expect(traffic.rollback('openai', 'why', 0)).toBeUndefined();
  expect(traffic.weights).toMatchObject({ openai: 1 });
  expect(traffic.history).toEqual([]);
});

test('stable can be rolled back if it does not serve alone', () => {
  const traffic = new Traffic({ openai: 1, gemini: 3 }, NAMES, 'openai');
  traffic.rollback('openai', 'why', 0);
  expect(traffic.weights).toMatchObject({ gemini: 1 });
});

test('the latest 200 changes are kept', () => {
  const traffic = new Traffic({ openai: 1 }, NAMES, 'openai');
  for (let atMs = 0; atMs < 205; atMs++) traffic.setWeights({ openai: 1, gemini: atMs % 3 }, atMs);
  expect(traffic.history.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 200 }, (_, index) => index + 5));
});
