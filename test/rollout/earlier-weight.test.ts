/** `rollback({ to })` goes back to an earlier weight. */

import { describe, expect, test } from 'vitest';
import { memoryStore, rolloutInStore, RolloutError, type RolloutOptions, type Store } from '../../src/index.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';
import type { SetUp } from '../support/set-up.ts';

const STEPS = [
  { segment: { plan: 'beta' } },
  { weight: 0.05, hold: '1m' },
  { weight: 0.25, hold: '1m' },
  { weight: 0.5, hold: '1d' },
  { weight: 1, hold: '1d' },
] as const;

/** A rollout that has been moved to this step. */
function at(step: number, rollout: Partial<RolloutOptions> = {}): SetUp {
  const set = setUpRollout({ steps: STEPS, guardrails: { errorRate: { margin: 0.3 } }, ...rollout });
  for (let index = 0; index < step; index++) set.ai.canary.rollout.promote();
  return set;
}

/** The keys of the canary, among 500. */
const inside = ({ ai }: SetUp): readonly number[] =>
  Array.from({ length: 500 }, (_, index) => index).filter(
    (index) => ai.canary.explain({ key: `user-${index}` }).assigned === 'gemini',
  );

test.each([
  [0.25, 2],
  [0.05, 1],
  [0.1, 1],
  [0.01, 1],
])('%d begins step %d again', async (to, step) => {
  const set = at(3);
  await set.clock.advance(30_000);
  set.ai.canary.rollout.rollback({ to });
  expect(set.ai.canary.weights).toEqual({ openai: 1 - to, gemini: to });
  expect(set.ai.canary.rollout.state).toMatchObject({
    phase: 'progressing',
    step,
    weight: to,
    heldMs: 0,
    run: 1,
    sinceMs: set.clock.now(),
  });
});

test('the keys that leave are those that came last', () => {
  const set = at(2);
  const before = inside(set);
  set.ai.canary.rollout.promote();
  set.ai.canary.rollout.rollback({ to: 0.25 });
  expect(inside(set)).toEqual(before);
});

test('it is a step event, and a rollback in the history, with the reason', () => {
  const set = at(3);
  set.ai.canary.rollout.rollback({ to: 0.05, reason: 'too slow for the big tenant' });
  set.ai.canary.rollout.rollback({ to: 0.05 });
  expect(set.events.of('rollback')).toEqual([]);
  expect(set.events.of('step').at(-1)).toMatchObject({
    reason: 'too slow for the big tenant',
    by: 'user',
    step: 1,
    weightsBefore: { gemini: 0.5 },
    weightsAfter: { gemini: 0.05 },
  });
  expect(set.ai.canary.rollout.history.filter(({ verb }) => verb === 'rollback')).toHaveLength(1);
});

test('from there it goes on by hold and proof', async () => {
  const set = at(3);
  set.ai.canary.rollout.rollback({ to: 0.25 });
  await driver(set)({ calls: 1_000, perSecond: 20 });
  expect(set.ai.canary.rollout.state.step).toBe(2);
  await driver(set)({ calls: 1_000, perSecond: 20 });
  expect(set.ai.canary.rollout.state.step).toBe(3);
  expect(set.ai.canary.weights.gemini).toBe(0.5);
});

test('a bad canary is still rolled back from there', async () => {
  const set = at(3);
  set.ai.canary.rollout.rollback({ to: 0.25 });
  failAt(set, { gemini: 1 });
  await driver(set)({ calls: 200, perSecond: 20 });
  expect(set.ai.canary.rollout.state.phase).toBe('rolledBack');
});

test('a paused rollout stays paused, and a promoted one progresses again', () => {
  const set = at(3);
  const { rollout } = set.ai.canary;
  rollout.pause('until Monday');
  rollout.rollback({ to: 0.05 });
  expect(rollout.state).toMatchObject({ phase: 'paused', reason: 'until Monday', step: 1, weight: 0.05 });
  rollout.promote({ full: true });
  rollout.rollback({ to: 0.5 });
  expect(rollout.state).toMatchObject({ phase: 'progressing', step: 3, weight: 0.5 });
});

test('stable is itself again after a canary that had replaced it', () => {
  const set = at(3, { onComplete: 'replaceStable' });
  set.ai.canary.rollout.promote({ full: true });
  expect(set.ai.canary.weights).toEqual({ openai: 0, gemini: 1 });
  set.ai.canary.rollout.rollback({ to: 0.25 });
  expect(set.ai.canary.weights).toEqual({ openai: 0.75, gemini: 0.25 });
});

test('after a rollback it is not possible', () => {
  const set = at(3);
  set.ai.canary.rollout.rollback();
  expect(() => set.ai.canary.rollout.rollback({ to: 0.05 })).toThrow(RolloutError);
});

test.each<[unknown, string]>([
  [{ to: 0.6 }, 'rollback.to should be at most 0.5, the weight in force, got 0.6'],
  [{ to: 0 }, 'rollback.to should be above 0: without it the canary is taken out of service'],
  [{ to: '5%' }, 'rollback.to should be between 0 and 1, got "5%"'],
  [{ weight: 0.05 }, 'rollback.weight is not an option'],
  [{ reason: '' }, 'rollback should be a reason, got ""'],
  [0.05, 'rollback should be an object, got 0.05'],
])('%j is refused, and nothing changes', (how, message) => {
  const set = at(3);
  expect(() => set.ai.canary.rollout.rollback(how as never)).toThrow(message);
  expect(set.ai.canary.weights.gemini).toBe(0.5);
});

describe('with a store', () => {
  const persistent = (): Store => ({ ...memoryStore({ now: () => 0 }), persistent: true });
  const rollout: Partial<RolloutOptions> = { steps: STEPS, auto: false };
  const join = async (store: Store): Promise<SetUp> => {
    const set = setUpRollout(rollout, { store });
    await set.clock.advance(0);
    return set;
  };
  const pass = async (seconds: number, ...members: readonly SetUp[]): Promise<void> => {
    for (let second = 0; second < seconds; second++) for (const { clock } of members) await clock.advance(1_000);
  };

  test('all processes follow, whichever is asked, and a restarted one begins there', async () => {
    const store = persistent();
    const [leader, follower] = [await join(store), await join(store)];
    for (let step = 0; step < 3; step++) {
      leader.ai.canary.rollout.promote();
      await pass(1, leader);
    }
    await pass(5, leader, follower);
    expect(follower.ai.canary.weights.gemini).toBe(0.5);
    follower.ai.canary.rollout.rollback({ to: 0.05, reason: 'on call' });
    await pass(6, leader, follower);
    for (const { ai } of [leader, follower]) expect(ai.canary.weights.gemini).toBe(0.05);
    expect(leader.ai.canary.rollout.history.at(-1)).toMatchObject({ verb: 'rollback', reason: 'on call' });
    await Promise.all([leader, follower].map(({ ai }) => ai.canary.close()));
    const later = await join(store);
    expect(later.ai.canary.rollout.state).toMatchObject({ step: 1, weight: 0.05 });
  });

  test('the store alone is enough', async () => {
    const store = persistent();
    const set = await join(store);
    for (let step = 0; step < 2; step++) {
      set.ai.canary.rollout.promote();
      await pass(1, set);
    }
    await set.ai.canary.close();
    const stored = rolloutInStore(store, 'gemini');
    await expect(stored.ask({ verb: 'rollback', to: 0.3 })).rejects.toThrow('should be at most 0.25');
    await expect(stored.ask({ verb: 'rollback', to: 0 })).rejects.toThrow('should be above 0');
    await stored.ask({ verb: 'rollback', to: 0.05 });
    expect(await stored.read()).toMatchObject({
      kind: 'rollout',
      state: { phase: 'progressing', step: 1, weight: 0.05 },
    });
  });
});
