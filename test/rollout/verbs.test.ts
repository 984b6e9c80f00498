/** Rollouts moved by hand. */

import { describe, expect, test } from 'vitest';
import { RolloutError, route, type RolloutControl } from '../../src/index.ts';
import { STREAM_BODY, ask, drain } from '../support/calls.ts';
import { say, STOP } from '../support/chat-steps.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';
import { events } from '../support/stream-replies.ts';

const STEPS = [
  { weight: 0.2, hold: '1d' },
  { weight: 0.5, hold: '1d' },
  { weight: 1, hold: '1d' },
] as const;

/** The upstream of each of `callers` keys. */
function assignments(set: ReturnType<typeof setUpRollout>, callers: number): readonly string[] {
  return Array.from({ length: callers }, (_, caller) => set.ai.canary.explain({ key: `user-${caller}` }).upstream);
}

test('promote starts the next step, and promotes the canary after the last one', () => {
  const set = setUpRollout({ steps: STEPS });
  const { rollout } = set.ai.canary;
  rollout.promote();
  expect(set.ai.canary.weights.gemini).toBe(0.5);
  rollout.promote();
  expect(set.ai.canary.weights.gemini).toBe(0.9);
  rollout.promote();
  expect(rollout.state.phase).toBe('promoted');
  expect(set.ai.canary.weights).toEqual({ openai: 0, gemini: 1 });
});

test('keys stay on the canary as its weight grows, and return to it after rollback and retry', () => {
  const set = setUpRollout({ steps: STEPS });
  const inside = (at: readonly string[]) => at.flatMap((upstream, caller) => (upstream === 'gemini' ? [caller] : []));
  const [first, second, third] = [0, 1, 2].map((step) => {
    if (step > 0) set.ai.canary.rollout.promote();
    return inside(assignments(set, 500));
  });
  expect(first!.filter((caller) => !second!.includes(caller))).toEqual([]);
  expect(second!.filter((caller) => !third!.includes(caller))).toEqual([]);
  set.ai.canary.rollout.rollback('enough');
  expect(new Set(assignments(set, 500))).toEqual(new Set(['openai']));
  set.ai.canary.rollout.retry();
  expect(inside(assignments(set, 500))).toEqual(first);
});

test('another process with the same options assigns every key alike', () => {
  const [one, other] = [setUpRollout({ steps: STEPS }), setUpRollout({ steps: STEPS })];
  expect(assignments(one, 300)).toEqual(assignments(other, 300));
  expect(new Set(assignments(one, 300)).size).toBe(2);
});

test('rollback reports cause, reason, step and numbers, and lasts until retry', async () => {
  const set = setUpRollout({ steps: STEPS });
  failAt(set, { openai: 0, gemini: 0.05 });
  await driver(set)({ calls: 100, perSecond: 1_000 });
  set.ai.canary.rollout.rollback('customers complain');
  const [event] = set.events.of('rollback');
  const { canary } = set.ai.canary.rollout.state;
  expect(event).toMatchObject({
    upstream: 'gemini',
    reason: 'customers complain',
    by: 'user',
    step: 0,
    callsExposed: canary.calls,
    callsFailed: canary.failures,
    weightsBefore: { openai: 0.8, gemini: 0.2 },
    weightsAfter: { openai: 1, gemini: 0 },
  });
  expect(canary.calls).toBeGreaterThan(5);
  await set.clock.advance(86_400_000 / 24);
  expect(set.ai.canary.rollout.state).toMatchObject({ phase: 'rolledBack', reason: 'customers complain', weight: 0 });
});

test('after a rollback a stream in flight finishes, and the canary gets no more calls', async () => {
  const set = setUpRollout({ steps: [{ weight: 1, hold: '1d' }] });
  set.providers.script('gemini', events([say('One'), { waitMs: 5_000 }, say(' two.'), STOP]));
  const key = assignments(set, 50).indexOf('gemini');
  const stream = await set.ai.chat.completions.create(STREAM_BODY, route({ key: `user-${key}` }));
  set.ai.canary.rollout.rollback();
  const reading = drain(stream);
  await ask(set.ai, route({ key: `user-${key}` }));
  await set.clock.advance(6_000);
  const { chunks, error } = await reading;
  expect(error).toBeUndefined();
  expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('One two.');
  expect(set.providers.asked).toEqual(['gemini', 'openai']);
});

describe('a verb that is not possible', () => {
  test.each<[string, (rollout: RolloutControl) => void, string]>([
    [
      'retry while progressing',
      (rollout) => rollout.retry(),
      'retry() is not possible while the rollout to gemini is progressing',
    ],
    [
      'undo while progressing',
      (rollout) => rollout.undo(),
      'undo() is not possible while the rollout to gemini is progressing',
    ],
    [
      'promote after a rollback',
      (rollout) => {
        rollout.rollback();
        rollout.promote();
      },
      'promote() is not possible while the rollout to gemini is rolled back',
    ],
  ])('(%s) is refused by its name and the phase', (_what, act, message) => {
    const { rollout } = setUpRollout({ steps: STEPS }).ai.canary;
    expect(() => act(rollout)).toThrow(RolloutError);
    expect(() => act(rollout)).toThrow(message);
  });
});

test('a repeated verb takes effect once', () => {
  const set = setUpRollout({ steps: STEPS });
  const { rollout } = set.ai.canary;
  for (const act of [() => rollout.pause(), () => rollout.resume(), () => rollout.rollback(), () => rollout.retry()]) {
    act();
    act();
  }
  expect(rollout.history.map(({ verb }) => verb)).toEqual(['pause', 'resume', 'rollback', 'retry']);
  expect(set.events.of('pause')).toHaveLength(1);
});

test('a paused rollout starts no step, but can still be rolled back', async () => {
  const set = setUpRollout({ steps: [{ weight: 0.2 }, { weight: 1 }], guardrails: { errorRate: { margin: 0.3 } } });
  set.ai.canary.rollout.pause('until Monday');
  await driver(set)({ calls: 400, perSecond: 50 });
  expect(set.ai.canary.rollout.state).toMatchObject({ phase: 'paused', step: 0, reason: 'until Monday' });
  failAt(set, { gemini: 1 });
  await driver(set)({ calls: 200, perSecond: 50, from: 1_000 });
  expect(set.ai.canary.rollout.state.phase).toBe('rolledBack');
});

test('with auto: false each step waits for promote()', async () => {
  const set = setUpRollout({
    steps: [{ weight: 0.2 }, { weight: 1 }],
    auto: false,
    guardrails: { errorRate: { margin: 0.3 } },
  });
  await driver(set)({ calls: 400, perSecond: 50 });
  const { state } = set.ai.canary.rollout;
  expect(state).toMatchObject({ step: 0, earliestMoveMs: null });
  expect(state.waitsFor.map((wait) => wait.for)).toEqual(['promote']);
});

test('a weight set by hand lasts until the next step', () => {
  const set = setUpRollout({ steps: STEPS });
  set.ai.canary.rollout.setWeight(0.35);
  expect(set.ai.canary.weights.gemini).toBe(0.35);
  set.ai.canary.rollout.promote();
  expect(set.ai.canary.weights.gemini).toBe(0.5);
  expect(() => set.ai.canary.rollout.setWeight(2)).toThrow('weight should be between 0 and 1, got 2');
});

test('a promotion that replaces stable can be undone', async () => {
  const set = setUpRollout({ steps: [{ weight: 1 }], onComplete: 'replaceStable' });
  set.ai.canary.rollout.promote({ full: true });
  expect(set.ai.canary.weights).toEqual({ openai: 0, gemini: 1 });
  await ask(set.ai, route({ key: 'anyone' }));
  expect(set.providers.asked).toEqual(['gemini']);
  set.ai.canary.rollout.undo();
  expect(set.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
  expect(set.ai.canary.rollout.state).toMatchObject({ phase: 'rolledBack', reason: 'promotion undone' });
});

test('an alert rule with an action rolls the rollout back', async () => {
  const rule = {
    name: 'errors',
    metric: 'errorRate',
    upstream: 'gemini',
    above: 0.1,
    minCalls: 5,
    action: 'rollback',
  } as const;
  const set = setUpRollout({ steps: STEPS, guardrails: { costPerCall: {} } }, { alerts: [rule] });
  failAt(set, { gemini: 0.5 });
  await driver(set)({ calls: 200, perSecond: 50, until: () => set.events.of('rollback').length > 0 });
  expect(set.events.of('rollback')).toMatchObject([{ by: 'rule', upstream: 'gemini', weightsAfter: { gemini: 0 } }]);
  expect(set.ai.canary.rollout.state).toMatchObject({
    phase: 'rolledBack',
    reason: expect.stringContaining('errors:'),
  });
});
