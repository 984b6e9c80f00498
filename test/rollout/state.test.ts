/** The numbers of `rollout.state` and of the snapshot that compare both sides. */

import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { ask } from '../support/calls.ts';
import { after, chat } from '../support/replies.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';

const ROLLOUT = { steps: [{ weight: 0.3, hold: '1d' }, { weight: 1 }] } as const;

test('before the first call nothing is known', () => {
  const { state } = setUpRollout(ROLLOUT).ai.canary.rollout;
  expect(state).toMatchObject({ actualShare: null, improvement: { latency: null, costPerCall: null } });
});

test('the actual share, and latency and cost against stable', async () => {
  const prices = { openai: { inputPerMTok: 2, outputPerMTok: 8 }, gemini: { inputPerMTok: 0.5, outputPerMTok: 2 } };
  const set = setUpRollout(ROLLOUT, { prices });
  set.providers.usually('openai', after(100, chat()));
  set.providers.usually('gemini', after(125, chat()));
  for (let second = 0; second < 20; second++) {
    const keys = Array.from({ length: 20 }, (_, call) => `user-${second * 20 + call}`);
    const calls = Promise.all(keys.map((key) => ask(set.ai, route({ key }))));
    await set.clock.advance(1_000);
    await calls;
  }
  const { state } = set.ai.canary.rollout;
  const { canary, stable } = state.samples;
  expect(state.actualShare).toBe(canary.assigned / 400);
  expect(canary.assigned + stable.assigned).toBe(400);
  expect(state.actualShare).toBeCloseTo(0.3, 1);
  expect(state.improvement.latency).toBeCloseTo(-0.25, 3);
  expect(state.improvement.costPerCall).toBeCloseTo(0.75, 3);
  const { actualShare, improvement } = state;
  expect(set.ai.canary.snapshot().rollouts?.['gemini']).toMatchObject({ actualShare, improvement });
});

test('the samples of the canary say by reason what was bad', async () => {
  const set = setUpRollout({ ...ROLLOUT, auto: false, guardrails: { costPerCall: {} } }, { breaker: {} });
  failAt(set, { gemini: 1 });
  await driver(set)({ calls: 100, perSecond: Infinity });
  const { canary } = set.ai.canary.rollout.state.samples;
  const { failed: failures, breaker } = canary.bad;
  expect(failures).toBeGreaterThanOrEqual(5);
  expect(breaker).toBeGreaterThan(0);
  expect(canary.good + failures + breaker + canary.unjudged + canary.inFlight).toBe(canary.assigned);
});
