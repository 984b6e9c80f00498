/** Metrics that the application records for a part of the calls, and not for the same part of both sides. Simulated. */

import { expect, test } from 'vitest';
import { JudgedCalls } from '../../src/rollout/evidence.ts';
import type { RolloutPolicy } from '../../src/rollout/resolve-rollouts.ts';
import type { Arm } from '../../src/stats/arm.ts';
import { seededRandom } from '../../src/testing/index.ts';

const POLICY: RolloutPolicy = {
  revision: 'r1',
  to: 'gemini',
  stable: 'openai',
  steps: [],
  guardrails: { errorRate: { margin: 0.01 }, thumbsDown: { margin: 0.01 } },
  alpha: 0.01,
  judge: 'sequential',
  auto: true,
  onComplete: 'keep',
  salt: 'gemini',
  reserve: 1,
  holdback: 0.1,
  freeze: [],
};
const RUNS = 20;
const CALLS = 4_000;

/** How many of the runs roll back. `records` is the chance that a value is recorded. */
function rollbacks(rates: Readonly<Record<Arm, number>>, records: (arm: Arm, value: number) => number): number {
  let rolledBack = 0;
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const random = seededRandom(seed);
    const judged = new JudgedCalls(POLICY, { weight: 0.2, minCalls: 0 });
    for (let call = 0; call < CALLS && judged.analysis.rollback.evidence < 1; call += 1) {
      const arm = random() < 0.2 ? 'canary' : 'stable';
      const outcome = { failed: false, latencyMs: 100, firstChunkMs: undefined, stream: false, costUsd: null };
      judged.ended({ arm, share: 0.2, outcome, wasOverdue: false, atMs: call });
      const value = random() < rates[arm] ? 1 : 0;
      if (random() < records(arm, value)) judged.recorded(arm, 0.2, { thumbsDown: value });
    }
    rolledBack += Number(judged.analysis.rollback.evidence >= 1);
  }
  return rolledBack;
}

const EQUAL = { stable: 0.02, canary: 0.02 };
const WORSE = { stable: 0.02, canary: 0.3 };

test.each([
  ['half as often', 0.5],
  ['a tenth as often', 0.1],
])('an equal canary whose values are recorded %s is not rolled back', (_, chance) => {
  expect(rollbacks(EQUAL, (arm) => (arm === 'canary' ? chance : 1))).toBe(0);
});

test('an equal canary is not rolled back if bad answers are recorded more often, on both sides alike', () => {
  expect(rollbacks(EQUAL, (_arm, value) => (value === 1 ? 0.9 : 0.1))).toBe(0);
});

test('a worse canary whose values are recorded half as often is rolled back', () => {
  expect(rollbacks(WORSE, (arm) => (arm === 'canary' ? 0.5 : 1))).toBe(RUNS);
});

test('what no method can see: recording that depends on the value on one side only looks like a worse canary', () => {
  expect(rollbacks(EQUAL, (arm, value) => (arm === 'canary' && value === 0 ? 0.05 : 1))).toBe(RUNS);
});
