/** Two rollouts at once. */

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
const homes = (set: World, callers = 4_000): readonly string[] =>
  Array.from({ length: callers }, (_, caller) => set.ai.canary.explain({ key: `user-${caller}` }).upstream);
const shareOf = (upstream: string, at: readonly string[]): number =>
  at.filter((home) => home === upstream).length / at.length;

test('each is asked for by its canary, and the first is the rollout', () => {
  const { canary } = setUpBoth().ai;
  expect(canary.rollouts.deepseek!.state.upstream).toBe('deepseek');
  expect(canary.rollout).toBe(canary.rollouts.gemini);
  expect(canary.explainRollout('deepseek').upstream).toBe('deepseek');
  expect(() => canary.explainRollout('gemni')).toThrow('did you mean gemini?');
});

test('they share stable, and take what their weights say', () => {
  const set = setUpBoth();
  const at = homes(set);
  expect(set.ai.canary.weights).toEqual({ openai: 0.8, gemini: 0.1, deepseek: 0.1 });
  for (const [upstream, share] of Object.entries(set.ai.canary.weights)) {
    expect(Math.abs(shareOf(upstream, at) - share)).toBeLessThan(0.02);
  }
});

test('at their greatest they take all, and not more', () => {
  const set = setUpBoth();
  for (const rollout of Object.values(set.ai.canary.rollouts)) rollout.promote();
  const at = homes(set);
  expect(set.ai.canary.weights).toEqual({ openai: 0, gemini: 0.5, deepseek: 0.5 });
  expect(shareOf('openai', at)).toBe(0);
});

test('raising one moves keys from stable into it, and none of the other', () => {
  const set = setUpBoth();
  const before = homes(set);
  set.ai.canary.rollouts.gemini!.promote();
  const after = homes(set);
  const moved = before.flatMap((home, caller) => (home === after[caller] ? [] : [[home, after[caller]]]));
  expect(moved.length).toBeGreaterThan(1_000);
  expect(new Set(moved.map(String))).toEqual(new Set(['openai,gemini']));
});

test('one that is rolled back gives its keys to stable, and none to the other', () => {
  const set = setUpBoth();
  const before = homes(set);
  set.ai.canary.rollouts.gemini!.rollback('bad');
  const after = homes(set);
  const expected = before.map((home) => (home === 'gemini' ? 'openai' : home));
  expect(after).toEqual(expected);
});

test('they choose independently: being in one says nothing about being in the other beyond it', () => {
  const [alone, both] = [setUpRollout({ steps: STEPS }), setUpBoth()];
  const inGemini = homes(alone).map((home) => home === 'gemini');
  // A rollout that joins at the end of the list moves nobody of the first.
  expect(homes(both).map((home) => home === 'gemini')).toEqual(inGemini);
});

test('a bad one is rolled back by its own evidence, and the other goes on', async () => {
  const set = setUpBoth();
  failAt(set, { openai: 0.02, gemini: 0.02, deepseek: 0.4 });
  await driver(set)({ calls: 4_000, until: () => set.events.of('rollback').length > 0 });
  await driver(set)({ calls: 500, from: 10_000 });
  expect(set.events.of('rollback').map(({ upstream }) => upstream)).toEqual(['deepseek']);
  expect(set.ai.canary.rollouts.gemini!.state.phase).toBe('progressing');
  expect(set.ai.canary.weights).toEqual({ openai: 0.9, gemini: 0.1, deepseek: 0 });
});
