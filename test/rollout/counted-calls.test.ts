/** Ended calls are counted in batches; the evidence does not depend on how often it is read. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JudgedCalls } from '../../src/rollout/evidence.ts';
import type { RolloutPolicy } from '../../src/rollout/resolve-rollouts.ts';

const POLICY: RolloutPolicy = {
  revision: 'r1',
  to: 'gemini',
  stable: 'openai',
  steps: [],
  guardrails: { errorRate: { margin: 0.01 }, latencyP95: { margin: 0.2 }, costPerCall: { margin: 0 } },
  alpha: 0.01,
  judge: 'sequential',
  auto: true,
  onComplete: 'keep',
  salt: 'gemini',
  reserve: 1,
  holdback: 0.1,
  freeze: [],
};

const calls = fc.array(
  fc.record({
    arm: fc.constantFrom('canary' as const, 'stable' as const),
    failed: fc.boolean(),
    latencyMs: fc.integer({ min: 1, max: 5_000 }),
    wasOverdue: fc.boolean(),
  }),
  { maxLength: 150 },
);

test('reading the numbers after each call gives the same evidence as reading once at the end', () => {
  fc.assert(
    fc.property(calls, (ended) => {
      const readOften = new JudgedCalls(POLICY, { weight: 0.25, minCalls: 0 });
      const readOnce = new JudgedCalls(POLICY, { weight: 0.25, minCalls: 0 });
      for (const { arm, failed, latencyMs, wasOverdue } of ended) {
        const outcome = { failed, latencyMs, firstChunkMs: undefined, stream: false, costUsd: latencyMs / 1e6 };
        const sample = { arm, share: 0.25, outcome, wasOverdue, atMs: latencyMs };
        for (const judged of [readOften, readOnce]) judged.ended(sample);
        expect(readOften.step.canary.calls + readOften.step.stable.calls).toBeLessThanOrEqual(ended.length);
      }
      expect(readOnce.toJSON()).toEqual(readOften.toJSON());
      expect(readOnce.run.canary.calls).toBe(ended.filter(({ arm }) => arm === 'canary').length);
    }),
    { numRuns: 30 },
  );
});

test('a call that has just ended is in the next number that is read', () => {
  const judged = new JudgedCalls(POLICY, { weight: 0.25, minCalls: 0 });
  const outcome = { failed: true, latencyMs: 5, firstChunkMs: undefined, stream: false, costUsd: null };
  for (let count = 1; count <= 40; count += 1) {
    judged.ended({ arm: 'canary', share: 0.25, outcome, wasOverdue: false, atMs: count });
    expect(judged.step.canary).toMatchObject({ calls: count, failures: count });
  }
});
