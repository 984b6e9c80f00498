/** Where a rollout stands: what its calls prove, and what it waits for. */

import type { RolloutState } from '../domain/rollout.ts';
import type { RolloutNumbers } from '../domain/rollout-numbers.ts';
import { numbersOf } from './arm-numbers.ts';
import type { JudgedCalls } from './evidence.ts';
import { describeState, type RolloutReport } from './report.ts';
import type { RolloutPolicy } from './rollout-policy.ts';
import { trafficInForce } from '../routing/traffic-in-force.ts';
import { earliestMoveMs, waitsOf, type StepProgress } from './waits.ts';

/** Everything that follows from what a rollout keeps. */
export interface Standing {
  readonly policy: RolloutPolicy;
  readonly state: RolloutState;
  readonly calls: JudgedCalls;
  readonly heldMs: number;
}

export function numbersIn({ calls, heldMs }: Standing): RolloutNumbers {
  const { analysis, step, run } = calls;
  const { evidence, guardrail } = analysis.rollback;
  return {
    evidence,
    guardrail,
    guardrails: analysis.guardrails,
    canary: numbersOf(step.canary),
    stable: numbersOf(step.stable),
    callsExposed: run.canary.calls,
    callsFailed: run.canary.failures,
    heldMs,
  };
}

export function progressIn({ policy, state, calls, heldMs }: Standing): StepProgress {
  const { rollback, guardrails } = calls.analysis;
  return {
    state,
    steps: policy.steps,
    heldMs,
    canary: numbersOf(calls.step.canary),
    stable: numbersOf(calls.step.stable),
    nearest: rollback,
    unproven: guardrails.filter(({ promotion }) => promotion < 1).map(({ guardrail }) => guardrail),
    auto: policy.auto,
  };
}

/** @param waitsForStore nothing is in force before the store has told where the rollout stands */
export function reportOf(standing: Standing, nowMs: number, waitsForStore: boolean): RolloutReport {
  const { policy, state } = standing;
  const { to, steps } = policy;
  const progress = progressIn(standing);
  const store = { for: 'store', message: 'the store has not answered yet' } as const;
  return {
    upstream: to,
    ...describeState(state, steps.length),
    steps: steps.length,
    weight: trafficInForce(state, steps).weight,
    ...numbersIn(standing),
    waitsFor: waitsForStore ? [store] : waitsOf(progress),
    earliestMoveMs: waitsForStore ? null : earliestMoveMs(progress, nowMs),
  };
}
