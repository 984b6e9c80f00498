/** Rollouts of a real client, judged by its calls: good canaries, bad canaries, and incidents of both sides. */

import { describe, expect, test } from 'vitest';
import { presets, route } from '../../src/index.ts';
import { ask } from '../support/calls.ts';
import { chat, failed, silent } from '../support/replies.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';

type World = ReturnType<typeof setUpRollout>;

const AT_5_PERCENT = { steps: [{ weight: 0.05, hold: '1d' }, { weight: 1 }] } as const;
const rolledBack = (set: World) => (): boolean => set.events.of('rollback').length > 0;

describe('a good canary', () => {
  test('is promoted step by step', async () => {
    const steps = [
      { weight: 0.25, hold: '10s' },
      { weight: 0.5, minCalls: 100 },
      { weight: 1, hold: '10s' },
    ] as const;
    const set = setUpRollout({ steps, guardrails: { errorRate: { margin: 0.05 } } });
    failAt(set, { openai: 0.01, gemini: 0.01 });
    const isPromoted = () => set.ai.canary.rollout.state.phase === 'promoted';
    await driver(set)({ calls: 8_000, perSecond: 50, until: isPromoted });
    expect(isPromoted()).toBe(true);
    expect(set.events.of('step').map(({ step }) => step)).toEqual([1, 2]);
    expect(set.events.of('promote')).toMatchObject([{ upstream: 'gemini', weightsAfter: { openai: 0, gemini: 1 } }]);
    expect(set.events.of('rollback')).toEqual([]);
  });

  test('passes the five phases of the preset, each after its time, calls and requirements are met', async () => {
    // The holds of the preset in seconds instead of hours, and a thousandth of its calls.
    const steps = presets.fivePhase.map(({ minCalls, hold, ...step }) => ({
      ...step,
      hold: Number.parseInt(hold, 10) * 1_000,
      minCalls: minCalls / 1_000,
      require: { maxErrorRate: step.require.maxErrorRate },
    }));
    const set = setUpRollout({ steps, guardrails: { errorRate: { margin: 0.2 } } });
    const begun = set.clock.now();
    await driver(set)({ calls: 12_000, perSecond: 50, until: () => set.events.of('promote').length > 0 });
    const moves = [...set.events.of('step'), ...set.events.of('promote')];
    expect(moves.map(({ weightsAfter }) => weightsAfter.gemini)).toEqual([0.05, 0.25, 0.5, 0.99, 1]);
    const ends = [4, 12, 24, 48, 72].map((_, index, holds) =>
      holds.slice(0, index + 1).reduce((sum, hold) => sum + hold, 0),
    );
    for (const [index, { atMs }] of moves.entries()) expect(atMs - begun).toBeGreaterThanOrEqual(ends[index]! * 1_000);
    for (const { canary, heldMs, step } of set.events.of('step')) {
      expect(canary.calls).toBeGreaterThanOrEqual(steps[step - 1]!.minCalls);
      expect(heldMs).toBeGreaterThanOrEqual(steps[step - 1]!.hold);
    }
  });

  test('survives an incident of both sides', async () => {
    const set = setUpRollout({ steps: [{ weight: 0.2, hold: '1d' }, { weight: 1 }] });
    const drive = driver(set);
    failAt(set, { openai: 0.01, gemini: 0.01 });
    await drive({ calls: 2_000 });
    failAt(set, { openai: 0.4, gemini: 0.4 }, 2);
    await drive({ calls: 3_000 });
    expect(set.events.of('rollback')).toEqual([]);
    expect(set.ai.canary.rollout.state.phase).toBe('progressing');
  });

  test('is not promoted without traffic, and reports why it waits', async () => {
    const set = setUpRollout({ steps: [{ weight: 0.5, hold: '1m' }, { weight: 1 }] });
    await set.clock.advance(3_600_000);
    const { step, waitsFor, earliestMoveMs } = set.ai.canary.rollout.state;
    expect({ step, earliestMoveMs }).toEqual({ step: 0, earliestMoveMs: null });
    expect(waitsFor[0]!.message).toContain('no canary call has been judged yet');
  });
});

describe('a bad canary', () => {
  test('with three times the errors is rolled back at 5 %', async () => {
    const set = setUpRollout(AT_5_PERCENT);
    failAt(set, { openai: 0.03, gemini: 0.09 }, 2);
    await driver(set)({ calls: 25_000, until: rolledBack(set) });
    expect(set.events.of('rollback')).toMatchObject([
      { upstream: 'gemini', step: 0, by: 'evidence', guardrail: 'errorRate', evidence: 1 },
    ]);
  }, 60_000);

  test('that turns bad after 20,000 good calls is rolled back soon after', async () => {
    const set = setUpRollout({ steps: [{ weight: 0.2, hold: '1d' }, { weight: 1 }] });
    failAt(set, { openai: 0.01, gemini: 0.01 });
    const drive = driver(set);
    await drive({ calls: 20_000, perSecond: 500 });
    expect(set.events.of('rollback')).toEqual([]);
    failAt(set, { openai: 0.01, gemini: 0.3 }, 2);
    const made = await drive({ calls: 5_000, until: rolledBack(set) });
    expect(set.events.of('rollback')).toHaveLength(1);
    expect(made).toBeLessThan(1_000);
  }, 120_000);

  test('that is down is rolled back within a few calls, at once with the deciding failure', async () => {
    const set = setUpRollout(AT_5_PERCENT, { breaker: {} });
    failAt(set, { openai: 0.01, gemini: 0.01 });
    const drive = driver(set);
    await drive({ calls: 1_000 });
    set.providers.usually('gemini', failed(503));
    const failuresBefore = set.ai.canary.rollout.state.callsFailed;
    // No second passes: the rollback comes with the failure itself, not with the next look.
    await drive({ calls: 300, perSecond: 10_000 });
    const [event] = set.events.of('rollback');
    expect(event).toMatchObject({ by: 'evidence' });
    expect(set.ai.canary.rollout.state.callsFailed - failuresBefore).toBeLessThanOrEqual(5);
    expect(set.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
  });

  test('that costs more is rolled back by its cost', async () => {
    const price = { inputPerMTok: 6, outputPerMTok: 24 };
    const prices = { openai: { inputPerMTok: 2, outputPerMTok: 8 }, gemini: price };
    const set = setUpRollout(
      { steps: [{ weight: 0.5, hold: '1d' }, { weight: 1 }], guardrails: { costPerCall: {} } },
      { prices },
    );
    await driver(set)({ calls: 4_000, perSecond: 50, until: rolledBack(set) });
    expect(set.events.of('rollback')).toMatchObject([{ guardrail: 'costPerCall' }]);
  });
});

test('a canary that hangs is rolled back long before its calls time out', async () => {
  const set = setUpRollout({
    steps: [{ weight: 0.5, hold: '1d' }, { weight: 1 }],
    guardrails: { errorRate: {}, latencyP95: {} },
  });
  const drive = driver(set);
  for (const upstream of ['openai', 'gemini']) set.providers.usually(upstream, chat());
  await drive({ calls: 400, perSecond: 50 });
  set.providers.usually('gemini', silent());
  const hanging = new AbortController();
  for (let caller = 0; caller < 60; caller++) {
    // Not awaited: half of these calls never end by themselves.
    ask(set.ai, { ...route({ key: `late-${caller}` }), signal: hanging.signal }).catch(() => undefined);
  }
  await set.clock.advance(5_000);
  expect(set.events.of('rollback')).toMatchObject([{ guardrail: 'latencyP95', by: 'evidence' }]);
  hanging.abort();
});

test('the history keeps the numbers that a decision follows from', async () => {
  const set = setUpRollout({ steps: [{ weight: 0.5, hold: '1d' }, { weight: 1 }] });
  failAt(set, { openai: 0.01, gemini: 0.5 });
  await driver(set)({ calls: 2_000, until: rolledBack(set) });
  const { verb, by, numbers, from, to } = set.ai.canary.rollout.history[0]!;
  expect({ verb, by, from: from.phase, to: to.phase }).toEqual({
    verb: 'rollback',
    by: 'evidence',
    from: 'progressing',
    to: 'rolledBack',
  });
  expect(numbers.evidence).toBe(1);
  expect(Math.max(...numbers.guardrails.map(({ rollback }) => rollback))).toBe(1);
  expect(numbers.callsExposed).toBe(numbers.canary.calls);
});

test('emits analysis once for each second with calls', async () => {
  const set = setUpRollout(AT_5_PERCENT);
  const analyses: unknown[] = [];
  set.ai.canary.on('analysis', (event) => analyses.push(event));
  await driver(set)({ calls: 60, perSecond: 20 });
  await set.clock.advance(5_000);
  expect(analyses).toHaveLength(3);
  expect(analyses[0]).toMatchObject({ upstream: 'gemini', phase: 'progressing', step: 0, verdict: 'inconclusive' });
});

test('the snapshot has the state of each rollout, and an alert rule can watch its evidence', async () => {
  const rule = { name: 'near', metric: 'rolloutEvidence', upstream: 'gemini', above: 0.3 } as const;
  const set = setUpRollout({ steps: [{ weight: 0.5, hold: '1d' }, { weight: 1 }] }, { alerts: [rule] });
  failAt(set, { openai: 0.01, gemini: 0.2 }, 2);
  const hasFired = () => set.events.of('alert').length > 0;
  await driver(set)({ calls: 1_000, perSecond: 5, until: hasFired });
  expect(set.events.of('alert')).toMatchObject([{ name: 'near', state: 'firing' }]);
  const { phase, step, weight, actualShare, improvement, ...state } = set.ai.canary.rollout.state;
  const { evidence, callsExposed, callsFailed } = state;
  const shares = { weight, actualShare, improvement };
  expect(set.ai.canary.snapshot().rollouts).toEqual({
    gemini: { phase, step, steps: 2, ...shares, evidence, guardrail: 'errorRate', callsExposed, callsFailed },
  });
  expect(actualShare).toBeCloseTo(0.5, 0);
  expect(evidence).toBeGreaterThan(0.3);
});

test('a shadow step mirrors calls, and stable answers them all', async () => {
  const set = setUpRollout({
    steps: [
      { shadow: 1, hold: '1m' },
      { weight: 0.01, hold: '1d' },
    ],
  });
  const drive = driver(set);
  await drive({ calls: 20, perSecond: 5 });
  expect(set.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
  expect(set.events.of('call').every(({ upstream }) => upstream === 'openai')).toBe(true);
  expect(set.providers.to('gemini')).toHaveLength(20);
  await drive({ calls: 300, perSecond: 5, until: () => set.ai.canary.rollout.state.step === 1 });
  expect(set.ai.canary.rollout.state.step).toBe(1);
  expect(set.ai.canary.shadow.share('gemini')).toBe(0);
});

test('a segment step moves the matching callers to the canary, and later steps keep them there', async () => {
  const steps = [
    { segment: { plan: ['beta'] }, hold: '1d' },
    { weight: 0.1, hold: '1d' },
  ] as const;
  const set = setUpRollout({ steps });
  const upstreamOf = (plan: string, caller: number) =>
    set.ai.canary.explain({ key: `user-${caller}`, attributes: { plan } }).upstream;
  const callers = Array.from({ length: 300 }, (_, caller) => caller);
  const inside = (plan: string) => callers.filter((caller) => upstreamOf(plan, caller) === 'gemini');
  const before = inside('beta');
  // A tenth of the segment stays on stable for comparison.
  expect(before.length).toBeGreaterThan(250);
  expect(before.length).toBeLessThan(290);
  expect(inside('free')).toEqual([]);
  set.ai.canary.rollout.promote();
  expect(inside('beta')).toEqual(before);
  expect(inside('free').length).toBeLessThan(60);
});
