/** Rollouts of a real client: what they decide, and when. */

import { describe, expect, test } from 'vitest';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';

describe('a rollout', () => {
  test('begins at its first step, and takes that share of callers', async () => {
    const set = setUpRollout({ steps: [{ weight: 0.2, hold: '1d' }] });
    const drive = driver(set);
    await drive({ calls: 1_000, perSecond: 10_000 });
    expect(set.ai.canary.weights).toEqual({ openai: 0.8, gemini: 0.2 });
    expect(set.providers.to('gemini').length).toBeGreaterThan(160);
    expect(set.providers.to('gemini').length).toBeLessThan(240);
  });

  test('takes a good canary to the end, and tells of each step', async () => {
    const steps = [
      { weight: 0.25, hold: '10s' },
      { weight: 0.5, hold: '10s', minCalls: 100 },
      { weight: 1, hold: '10s' },
    ] as const;
    const set = setUpRollout({ steps, guardrails: { errorRate: { margin: 0.05 } } });
    failAt(set, { openai: 0.01, gemini: 0.01 });
    await driver(set)({ calls: 8_000, perSecond: 50, until: () => set.ai.canary.rollout.state.phase === 'promoted' });
    expect(set.ai.canary.rollout.state.phase).toBe('promoted');
    expect(set.events.of('step').map(({ step }) => step)).toEqual([1, 2]);
    expect(set.events.of('promote')).toMatchObject([{ upstream: 'gemini', weightsAfter: { openai: 0, gemini: 1 } }]);
    expect(set.events.of('rollback')).toEqual([]);
  });

  test('rolls back a canary with three times the errors at 5 %', async () => {
    const set = setUpRollout({ steps: [{ weight: 0.05, hold: '1d' }, { weight: 1 }] });
    failAt(set, { openai: 0.01, gemini: 0.03 }, 2);
    const made = await driver(set)({ calls: 60_000, until: () => set.events.of('rollback').length > 0 });
    expect(made).toBeLessThan(40_000);
    expect(set.events.of('rollback')).toMatchObject([
      { upstream: 'gemini', step: 0, guardrail: 'errorRate', evidence: 1, weightsAfter: { openai: 1, gemini: 0 } },
    ]);
  });
});
