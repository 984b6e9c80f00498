/** What blocks the next move of a rollout, and its earliest time. */

import { describe, expect, test } from 'vitest';
import type { ArmNumbers, RolloutStep, StepTraffic } from '../../src/domain/rollout.ts';
import { addCall, addQuality, emptySums, numbersOf } from '../../src/rollout/arm-numbers.ts';
import { earliestMoveMs, type StepProgress, blockersOf } from '../../src/rollout/waits.ts';

function arm(calls: number, { failures = 0, latencyMs = 100, costUsd = 1, quality = 0.8 } = {}): ArmNumbers {
  const sums = emptySums();
  const rest = { latencyMs, firstChunkMs: undefined, stream: false, costUsd };
  for (let call = 0; call < calls; call++) addCall(sums, { failed: call < failures, ...rest });
  if (calls > 0) addQuality(sums, quality);
  return numbersOf(sums);
}

const step = (rest: Partial<RolloutStep>, traffic: StepTraffic = { kind: 'weight', weight: 0.05 }): RolloutStep => ({
  holdMs: 0,
  minCalls: 0,
  require: {},
  ...traffic,
  ...(rest as object),
});

function progress(rest: Partial<StepProgress> = {}): StepProgress {
  return {
    state: { phase: 'progressing', run: 1, step: 0, sinceMs: 0 },
    steps: [step({})],
    heldMs: 60_000,
    canary: arm(100),
    stable: arm(1_900),
    nearest: undefined,
    unproven: [],
    missing: [],
    heldBack: { calls: 0, assigned: 100 },
    outOfService: undefined,
    auto: true,
    ...rest,
  };
}

const waits = (rest: Partial<StepProgress>): string[] => blockersOf(progress(rest)).map((wait) => wait.for);

describe('a rollout', () => {
  test('moves once time, calls, requirements and proof are complete', () => {
    expect(waits({})).toEqual([]);
  });

  test.each([
    ['hold', { heldMs: 999, steps: [step({ holdMs: 1_000 })] }],
    ['calls', { canary: arm(99), steps: [step({ minCalls: 100 })] }],
    ['evidence', { unproven: ['errorRate'] }],
    ['service', { outOfService: "the canary's breaker is open" }],
    ['limits', { heldBack: { calls: 10, assigned: 100 } }],
    ['guardrail', { nearest: { guardrail: 'errorRate', evidence: 0.5 } }],
    ['guardrail', { worseLately: ['errorRate'] }],
    ['promote', { auto: false }],
    ['require', { canary: arm(100, { failures: 2 }), steps: [step({ require: { maxErrorRate: 0.01 } })] }],
    ['require', { canary: arm(100, { latencyMs: 91 }), steps: [step({ require: { minLatencyImprovement: 0.1 } })] }],
    ['require', { canary: arm(100, { costUsd: 0.6 }), steps: [step({ require: { maxCostRatio: 0.5 } })] }],
    ['require', { canary: arm(100, { quality: 0.7 }), steps: [step({ require: { minQuality: 0.75 } })] }],
  ] as const)('waits for %s', (what, rest) => {
    expect(waits(rest as Partial<StepProgress>)).toEqual([what]);
  });

  test('meets requirements at exactly their bounds', () => {
    const require = { maxErrorRate: 0.02, minLatencyImprovement: 0.1, maxCostRatio: 0.5, minQuality: 0.75 };
    const canary = arm(100, { failures: 2, latencyMs: 90, costUsd: 0.5, quality: 0.75 });
    expect(waits({ canary, steps: [step({ require })] })).toEqual([]);
  });

  test('does not pass without calls, whatever the step requires', () => {
    const steps = [step({ require: { maxErrorRate: 1, maxCostRatio: 9 } })];
    const waiting = blockersOf(progress({ canary: arm(0), steps }));
    expect(waiting.map((wait) => wait.for)).toEqual(['calls', 'require', 'require']);
    expect(waiting[0]!.message).toContain('no canary call has been judged yet');
  });

  test('needs proof at weight 1, too', () => {
    const steps = [step({}, { kind: 'weight', weight: 1 })];
    expect(waits({ steps, unproven: ['errorRate'] })).toEqual(['evidence']);
  });

  test('names a guardrail that has no value on one side, and how it gets one', () => {
    const missing = [{ guardrail: 'costPerCall', arms: ['canary'] }] as const;
    expect(blockersOf(progress({ missing })).map(({ message }) => message)).toEqual([
      'costPerCall has no value on canary: its price is unknown, set the price of the upstream',
    ]);
    expect(blockersOf(progress({ missing: [{ guardrail: 'politeness', arms: ['stable'] }] }))[0]!.message).toBe(
      'politeness has no value on stable: record it with canary.record(call, { politeness })',
    );
  });

  test('says that stable is out of service where proof is missing', () => {
    const stableOut = "stable's breaker is open";
    const messages = (rest: Partial<StepProgress>) => blockersOf(progress(rest)).map(({ message }) => message);
    expect(messages({ unproven: ['latency'], stableOut })).toEqual([
      "not yet proven to be no worse than stable: latency (stable's breaker is open)",
    ]);
    expect(messages({ missing: [{ guardrail: 'latency', arms: ['stable'] }], stableOut })).toEqual([
      "latency has no value on stable (stable's breaker is open)",
    ]);
    expect(messages({ stableOut })).toEqual([]);
  });

  test('needs copies and proof in a shadow step', () => {
    const steps = [step({ minCalls: 5 }, { kind: 'shadow', share: 0.1 })];
    const waiting = blockersOf(progress({ steps, canary: arm(0), unproven: ['errorRate'] }));
    expect(waiting.map(({ message }) => message)).toEqual([
      'no copy has been judged yet: 0 of 5 copies',
      'not yet proven to be no worse than stable: errorRate',
    ]);
  });

  test('waits for a person when paused or rolled back, and for nothing when promoted', () => {
    const at = { run: 1, step: 0, sinceMs: 0, atMs: 0, reason: 'lunch', by: 'user' } as const;
    expect(waits({ state: { ...at, phase: 'paused' } })).toEqual(['resume']);
    expect(waits({ state: { ...at, phase: 'rolledBack' } })).toEqual(['retry']);
    expect(waits({ state: { ...at, phase: 'promoted' } })).toEqual([]);
  });
});

describe('the earliest move', () => {
  const earliest = (rest: Partial<StepProgress>) => earliestMoveMs(progress(rest), 1_000_000);

  test('is now if neither time nor calls are missing', () => {
    expect(earliest({})).toBe(1_000_000);
  });

  test('is the end of the hold', () => {
    expect(earliest({ steps: [step({ holdMs: 90_000 })] })).toBe(1_030_000);
  });

  test('is when the calls will be complete at their pace so far', () => {
    expect(earliest({ steps: [step({ minCalls: 150 })] })).toBe(1_030_000);
  });

  test('is unknown without traffic, in a pause, and with auto: false', () => {
    expect(earliest({ canary: arm(0), steps: [step({ minCalls: 1 })] })).toBeNull();
    expect(earliest({ auto: false })).toBeNull();
    expect(earliest({ state: { phase: 'paused', run: 1, step: 0, sinceMs: 0, reason: '', by: 'user' } })).toBeNull();
  });
});
