/** A guardrail in dry run is shown, and nothing is decided by it. */

import { describe, expect, test } from 'vitest';
import { memoryStore, route, type CanaryOptions, type RolloutOptions, type Store } from '../../src/index.ts';
import { ask } from '../support/calls.ts';
import { after, chat } from '../support/replies.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';
import type { SetUp } from '../support/set-up.ts';

const STEPS = [{ weight: 0.2, hold: '10s' }, { weight: 0.5, hold: '1d' }, { weight: 1 }] as const;
const GUARDRAILS = { latencyP95: { dryRun: true }, errorRate: { margin: 0.3 } } as const;

/** A canary that is five times as slow as stable. */
function slow(rollout: Partial<RolloutOptions> = {}, canary: Partial<CanaryOptions> = {}): SetUp {
  const set = setUpRollout({ steps: STEPS, guardrails: GUARDRAILS, ...rollout }, canary);
  set.providers.usually('openai', after(10, chat()));
  set.providers.usually('gemini', after(50, chat()));
  return set;
}

/** Makes calls at once, a number each second. */
async function run({ ai, clock }: SetUp, seconds: number, from = 0): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    const keys = Array.from({ length: 20 }, (_, call) => `user-${from + second * 20 + call}`);
    const calls = Promise.allSettled(keys.map((key) => ask(ai, route({ key }))));
    await clock.advance(1_000);
    await calls;
  }
}

const alertsOf = ({ events }: SetUp) => events.of('alert').map(({ name, state }) => [name, state]);

test('a canary that only it would roll back goes on, and one alert says so with the numbers', async () => {
  const set = slow();
  await run(set, 30);
  const { state } = set.ai.canary.rollout;
  expect(state).toMatchObject({ phase: 'progressing', step: 1, guardrail: 'errorRate' });
  expect(state.guardrails).toMatchObject([
    { guardrail: 'errorRate' },
    { guardrail: 'latencyP95', dryRun: true, rollback: 1 },
  ]);
  expect(state.guardrails[0]).not.toHaveProperty('dryRun');
  expect(set.events.of('alert')).toMatchObject([
    {
      name: 'dryRun:gemini:latencyP95',
      state: 'firing',
      metric: 'guardrail',
      upstream: 'gemini',
      reason: expect.stringMatching(/^would roll back: latencyP95: mean 50 ms over .*against 10 ms over/),
    },
  ]);
  expect(set.events.of('rollback')).toEqual([]);
});

test('the same guardrail without dry run rolls it back', async () => {
  const set = slow({ guardrails: { ...GUARDRAILS, latencyP95: {} } });
  await run(set, 30);
  expect(set.ai.canary.rollout.state).toMatchObject({ phase: 'rolledBack', guardrail: 'latencyP95' });
});

test('with judge: threshold it is the same', async () => {
  const set = slow({ judge: 'threshold' });
  await run(set, 30);
  expect(set.ai.canary.rollout.state).toMatchObject({ phase: 'progressing', step: 1 });
  expect(alertsOf(set)).toEqual([['dryRun:gemini:latencyP95', 'firing']]);
});

test('the other guardrails decide as ever', async () => {
  const set = slow();
  failAt(set, { gemini: 1 });
  await run(set, 30);
  expect(set.ai.canary.rollout.state).toMatchObject({ phase: 'rolledBack', guardrail: 'errorRate' });
});

test('the alert is resolved when the run ends, and fires again in the next', async () => {
  const set = slow();
  await run(set, 30);
  set.ai.canary.rollout.rollback();
  await set.clock.advance(1_000);
  set.ai.canary.rollout.retry();
  await run(set, 20, 5_000);
  const name = 'dryRun:gemini:latencyP95';
  expect(alertsOf(set)).toEqual([
    [name, 'firing'],
    [name, 'resolved'],
    [name, 'firing'],
  ]);
});

test('a metric without values does not hold back a step in dry run', async () => {
  const set = setUpRollout({ steps: STEPS, guardrails: { errorRate: { margin: 0.3 }, quality: { dryRun: true } } });
  await driver(set)({ calls: 800, perSecond: 20 });
  expect(set.ai.canary.rollout.state.step).toBe(1);
});

test('with a store its evidence outlives the process, and another one does not act on it', async () => {
  const store: Store = { ...memoryStore({ now: () => 0 }), persistent: true };
  const set = slow({ steps: [{ weight: 0.2, hold: '1d' }, { weight: 1 }] }, { store });
  await set.clock.advance(0);
  await run(set, 30);
  await set.ai.canary.close();
  const later = slow({ steps: [{ weight: 0.2, hold: '1d' }, { weight: 1 }] }, { store });
  await later.clock.advance(5_000);
  expect(later.ai.canary.rollout.state).toMatchObject({ phase: 'progressing', step: 0 });
  expect(later.ai.canary.rollout.state.guardrails[1]).toMatchObject({ guardrail: 'latencyP95', rollback: 1 });
});

describe('is refused', () => {
  test.each<[object, string]>([
    [{ errorRate: { dryRun: true } }, 'canary.rollout.guardrails should have a metric without dryRun'],
    [{ errorRate: { dryRun: 'yes' } }, 'canary.rollout.guardrails.errorRate.dryRun should be true or false, got "yes"'],
  ])('%j', (guardrails, message) => {
    expect(() => setUpRollout({ guardrails: guardrails as never })).toThrow(message);
  });
});
