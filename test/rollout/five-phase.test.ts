/** The preset `fivePhase` unchanged: holds of 160 hours, 661,000 calls, all requirements. */

import { expect, test } from 'vitest';
import { presets } from '../../src/index.ts';
import { resolveSteps } from '../../src/rollout/resolve-steps.ts';
import { RolloutController } from '../../src/rollout/controller.ts';
import { seededRandom } from '../../src/testing/index.ts';

const LOOK_EVERY_MS = 10_000;

/** Judges calls in memory, 100 before each look until the step has enough, then 5. Each call of stable takes 1 s. */
function simulate({ canaryLatencyMs, hours }: { readonly canaryLatencyMs: number; readonly hours: number }) {
  let nowMs = 0;
  const clock = { now: () => nowMs, setTimeout: () => ({ cancel: () => undefined }) };
  const steps = resolveSteps('steps', presets.fivePhase, 0);
  const random = seededRandom(3);
  const policy = {
    to: 'relay',
    revision: 'r1',
    stable: 'openai',
    steps,
    guardrails: { errorRate: {} },
    alpha: 0.01,
  } as const;
  const defaults = {
    judge: 'sequential',
    auto: true,
    onComplete: 'keep',
    salt: 'relay',
    reserve: 1,
    holdback: 0.1,
    freeze: [],
  } as const;
  const controller = new RolloutController(
    { ...policy, ...defaults },
    clock,
    () => undefined,
    () => undefined,
  );
  for (; nowMs < hours * 3_600_000 && controller.state.phase === 'progressing'; nowMs += LOOK_EVERY_MS) {
    const { step, weight } = controller.report();
    const hasEnough = controller.calls.step.canary.calls >= steps[step]!.minCalls;
    for (let call = 0; call < (hasEnough ? 5 : 100); call++) {
      const arm = random() < weight ? 'canary' : 'stable';
      const latencyMs = arm === 'canary' ? canaryLatencyMs : 1_000;
      const rest = { latencyMs, firstChunkMs: undefined, stream: false, costUsd: null };
      const outcome = { failed: random() < 0.005, ...rest };
      controller.calls.ended({ arm, share: weight, outcome, wasOverdue: false, atMs: nowMs });
    }
    controller.look('leads');
  }
  return controller;
}

test('promotes a canary that is faster than each phase requires, after the time and the calls of each phase', () => {
  const { state, history } = simulate({ canaryLatencyMs: 700, hours: 200 });
  expect(state.phase).toBe('promoted');
  expect(history.map(({ verb, by }) => `${verb} by ${by}`)).toEqual(
    Array.from({ length: 5 }, () => 'promote by evidence'),
  );
  for (const [index, { numbers, atMs }] of history.entries()) {
    expect(numbers.canary.calls).toBeGreaterThanOrEqual(presets.fivePhase[index]!.minCalls);
    expect(atMs).toBeGreaterThanOrEqual([4, 16, 40, 88, 160][index]! * 3_600_000);
  }
}, 60_000);

test('keeps a canary that is not fast enough in the phase that requires more, and reports why', () => {
  const controller = simulate({ canaryLatencyMs: 950, hours: 60 });
  const report = controller.report();
  expect(controller.history).toHaveLength(1);
  expect(report).toMatchObject({ phase: 'progressing', step: 1 });
  expect(report.waitsFor).toEqual([{ for: 'require', message: 'latency improvement is 0.05, should be at least 0.1' }]);
}, 60_000);
