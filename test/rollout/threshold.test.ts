/** Rollouts with `judge: 'threshold'`, and the limits of this judge. */

import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../src/index.ts';
import { ThresholdAnalysis } from '../../src/rollout/threshold-judge.ts';
import { chat, failed } from '../support/replies.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';

const STEPS = [{ weight: 0.5 }, { weight: 1, hold: '1d' }] as const;
const BY_THRESHOLD = { judge: 'threshold', steps: STEPS } as const;
type World = ReturnType<typeof setUpRollout>;
const rolledBack = (set: World) => (): boolean => set.events.of('rollback').length > 0;

describe('a canary', () => {
  test('that fails is rolled back after 20 judged calls, not before', async () => {
    const set = setUpRollout(BY_THRESHOLD);
    set.providers.usually('gemini', failed(503));
    await driver(set)({ calls: 200, perSecond: 1, until: rolledBack(set) });
    expect(set.events.of('rollback')).toMatchObject([
      { by: 'evidence', guardrail: 'errorRate', evidence: 1, callsExposed: 20, callsFailed: 20 },
    ]);
    expect(set.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
  });

  test('is not judged before `minCalls` calls', async () => {
    const set = setUpRollout({ ...BY_THRESHOLD, steps: [{ weight: 0.5, minCalls: 60 }, { weight: 1 }] });
    set.providers.usually('gemini', failed(503));
    await driver(set)({ calls: 400, perSecond: 1, until: rolledBack(set) });
    expect(set.events.of('rollback')).toMatchObject([{ callsExposed: 60 }]);
  });

  test('with twice the errors passes if that is within the margin', async () => {
    const set = setUpRollout(BY_THRESHOLD);
    failAt(set, { openai: 0.01, gemini: 0.02 }, 3);
    await driver(set)({ calls: 100, perSecond: 10 });
    expect(set.events.of('step')).toMatchObject([{ step: 1 }]);
  });

  test('as good as stable may be rolled back by chance, which the sequential judge avoids', async () => {
    const steps = [{ weight: 0.5, hold: '1d' }, { weight: 1 }] as const;
    const phases = [];
    for (const judge of ['threshold', 'sequential'] as const) {
      const set = setUpRollout({ judge, steps, guardrails: { errorRate: { margin: 0 } } });
      failAt(set, { openai: 0.05, gemini: 0.05 }, 1);
      await driver(set)({ calls: 1_000, perSecond: 20, until: rolledBack(set) });
      phases.push(set.ai.canary.rollout.state.phase);
    }
    expect(phases).toEqual(['rolledBack', 'progressing']);
  });

  test('is judged in each step by the calls of that step only', async () => {
    const set = setUpRollout({ ...BY_THRESHOLD, guardrails: { errorRate: { max: 0.3 } } });
    const drive = driver(set);
    await drive({ calls: 60, perSecond: 10 });
    expect(set.ai.canary.rollout.state.step).toBe(1);
    set.providers.usually('gemini', failed(503));
    const made = await drive({ calls: 100, perSecond: 1, until: rolledBack(set) });
    expect(made).toBeLessThan(30);
  });

  test('keeps its judged calls in the store across a restart', async () => {
    const store = { ...memoryStore({ now: () => 0 }), persistent: true };
    const before = setUpRollout(BY_THRESHOLD, { store });
    await before.clock.advance(0);
    before.providers.usually('gemini', failed(503));
    await driver(before)({ calls: 20, perSecond: 1 });
    const { callsExposed } = before.ai.canary.rollout.state;
    expect(callsExposed).toBeGreaterThan(0);
    void before.ai.canary.close();
    await before.clock.advance(0);
    const after = setUpRollout(BY_THRESHOLD, { store });
    await after.clock.advance(0);
    after.providers.usually('gemini', failed(503));
    await driver(after)({ calls: 100, perSecond: 1, until: rolledBack(after), from: 1_000 });
    expect(after.events.of('rollback')).toMatchObject([{ callsExposed: 20, callsFailed: 20 }]);
  });
});

describe('a guardrail', () => {
  const judged = (options: object, stable: readonly number[], canary: readonly number[], metric = 'latencyP95') => {
    const analysis = new ThresholdAnalysis({ [metric]: options }, 20);
    for (const value of stable) analysis.observe({ arm: 'stable', share: 0.5, values: { [metric]: value } });
    for (const value of canary) analysis.observe({ arm: 'canary', share: 0.5, values: { [metric]: value } });
    return analysis.verdict;
  };
  const times = (count: number, value: number): number[] => Array.from({ length: count }, () => value);

  test.each([
    ['a p95 within the margin passes', judged({ margin: 0.2 }, times(50, 800), times(50, 880)), 'pass'],
    ['a p95 beyond the margin fails', judged({ margin: 0.2 }, times(50, 800), times(50, 1_100)), 'fail'],
    [
      'a p95 passes while 5 % of the calls exceed the limit',
      judged({ max: 1_000 }, [], [...times(95, 800), ...times(5, 9_000)]),
      'pass',
    ],
    [
      'a p95 fails once one more call exceeds the limit',
      judged({ max: 1_000 }, [], [...times(94, 800), ...times(6, 9_000)]),
      'fail',
    ],
    [
      'failures count as slower than any answer',
      judged({ max: 1_000 }, [], [...times(90, 800), ...times(10, Infinity)]),
      'fail',
    ],
    ['too few calls decide nothing', judged({ max: 1_000 }, [], times(19, 9_000)), 'inconclusive'],
    ['nothing is decided without a call of stable', judged({}, [], times(50, 9_000)), 'inconclusive'],
    [
      'the limit applies in addition to the margin',
      judged({ margin: 5, max: 1_000 }, times(9, 800), times(50, 1_100)),
      'fail',
    ],
    ['a quality that falls fails', judged({}, times(50, 0.9), times(50, 0.8), 'quality'), 'fail'],
    ['a quality below its limit fails', judged({ max: 0.85 }, [], times(50, 0.8), 'quality'), 'fail'],
    [
      'an error rate beyond its limit fails',
      judged({ max: 0.1 }, [], [...times(17, 0), ...times(3, 1)], 'errorRate'),
      'fail',
    ],
    [
      'an error rate at its limit passes',
      judged({ max: 0.15 }, [], [...times(17, 0), ...times(3, 1)], 'errorRate'),
      'pass',
    ],
  ])('%s', (_what, verdict, expected) => expect(verdict).toBe(expected));
});

test('a canary that answers is promoted', async () => {
  const set = setUpRollout({ ...BY_THRESHOLD, steps: [{ weight: 0.5 }, { weight: 1, hold: '1m' }] });
  set.providers.usually('gemini', chat());
  await driver(set)({ calls: 200, perSecond: 2, until: () => set.events.of('promote').length > 0 });
  expect(set.ai.canary.rollout.state).toMatchObject({ phase: 'promoted' });
});
