/** Two rollouts in parallel. */

import { expect, test } from 'vitest';
import type { RolloutOptions } from '../../src/index.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';

const STEPS = [
  { weight: 0.1, hold: '1d' },
  { weight: 0.5, hold: '1d' },
] as const;
const BOTH: readonly RolloutOptions[] = [
  { to: 'gemini', steps: STEPS },
  { to: 'deepseek', steps: STEPS },
];
const setUpBoth = () => setUpRollout(BOTH, {}, { gemini: {}, deepseek: {} });

type World = ReturnType<typeof setUpBoth>;
const assignments = (set: World, callers = 4_000): readonly string[] =>
  Array.from({ length: callers }, (_, caller) => set.ai.canary.explain({ key: `user-${caller}` }).upstream);
const shareOf = (name: string, at: readonly string[]): number =>
  at.filter((upstream) => upstream === name).length / at.length;

test('each is found by the name of its canary, and `canary.rollout` is the first', () => {
  const { canary } = setUpBoth().ai;
  expect(canary.rollouts.deepseek!.state.upstream).toBe('deepseek');
  expect(canary.rollout).toBe(canary.rollouts.gemini);
  expect(canary.explainRollout('deepseek').upstream).toBe('deepseek');
  expect(() => canary.explainRollout('gemni')).toThrow('did you mean gemini?');
});

test('each takes its weight, and stable keeps the rest', () => {
  const set = setUpBoth();
  const at = assignments(set);
  expect(set.ai.canary.weights).toEqual({ openai: 0.8, gemini: 0.1, deepseek: 0.1 });
  for (const [upstream, share] of Object.entries(set.ai.canary.weights)) {
    expect(Math.abs(shareOf(upstream, at) - share)).toBeLessThan(0.02);
  }
});

test('at their largest weights they take all calls and no more', () => {
  const set = setUpBoth();
  for (const rollout of Object.values(set.ai.canary.rollouts)) rollout.promote();
  const at = assignments(set);
  expect(set.ai.canary.weights).toEqual({ openai: 0, gemini: 0.5, deepseek: 0.5 });
  expect(shareOf('openai', at)).toBe(0);
});

test('raising one moves keys from stable to it and not from the other', () => {
  const set = setUpBoth();
  const before = assignments(set);
  set.ai.canary.rollouts.gemini!.promote();
  const after = assignments(set);
  const moved = before.flatMap((upstream, caller) => (upstream === after[caller] ? [] : [[upstream, after[caller]]]));
  expect(moved.length).toBeGreaterThan(1_000);
  expect(new Set(moved.map(String))).toEqual(new Set(['openai,gemini']));
});

test('a rollback returns the keys to stable and not to the other', () => {
  const set = setUpBoth();
  const before = assignments(set);
  set.ai.canary.rollouts.gemini!.rollback('bad');
  const after = assignments(set);
  const expected = before.map((upstream) => (upstream === 'gemini' ? 'openai' : upstream));
  expect(after).toEqual(expected);
});

test('adding a second rollout does not move the keys of the first', () => {
  const [alone, both] = [setUpRollout({ steps: STEPS }), setUpBoth()];
  const inGemini = assignments(alone).map((upstream) => upstream === 'gemini');
  expect(assignments(both).map((upstream) => upstream === 'gemini')).toEqual(inGemini);
});

test('a bad one is rolled back by its own evidence, and the other continues', async () => {
  const set = setUpBoth();
  failAt(set, { openai: 0.02, gemini: 0.02, deepseek: 0.4 });
  await driver(set)({ calls: 4_000, until: () => set.events.of('rollback').length > 0 });
  await driver(set)({ calls: 500, from: 10_000 });
  expect(set.events.of('rollback').map(({ upstream }) => upstream)).toEqual(['deepseek']);
  expect(set.ai.canary.rollouts.gemini!.state.phase).toBe('progressing');
  expect(set.ai.canary.weights).toEqual({ openai: 0.9, gemini: 0.1, deepseek: 0 });
});
