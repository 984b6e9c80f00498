/** The report of a rollout: its state and its numbers. */

import type { RolloutNumbers, RolloutPhase, RolloutState, SampleCounts } from '../domain/rollout.ts';
import type { RolloutImprovement, RolloutSnapshot } from '../domain/rollout-snapshot.ts';
import { trafficInForce } from '../routing/traffic-in-force.ts';
import { type ArmSums, improvementOf, numbersOf, sampleCountsOf } from './arm-numbers.ts';
import type { JudgedCalls } from './evidence.ts';
import { thawsAtMs } from './freeze.ts';
import type { JudgedCopies } from './judged-copies.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { blockersOf, earliestMoveMs, type RolloutWait, type StepProgress } from './waits.ts';

/** What a rollout follows, with all defaults filled in. */
export type RolloutPlanned = Pick<RolloutPolicy, 'stable' | 'steps' | 'guardrails' | 'alpha' | 'auto' | 'onComplete'>;

/** `canary.rollout.state`. */
export interface RolloutReport extends RolloutNumbers {
  readonly upstream: string;
  readonly phase: RolloutPhase;
  /** The step in force, counted from 0; after the end the step in which the rollout ended. */
  readonly step: number;
  readonly steps: number;
  /** When the step started, or the rollout ended, in ms since the Unix epoch. */
  readonly sinceMs: number;
  /** The reason of a pause or a rollback. */
  readonly reason: string | undefined;
  /** 1, and one more for each `retry()`. */
  readonly run: number;
  /** The canary's share of all calls, 0–1. */
  readonly weight: number;
  /** The canary's share of the calls assigned to both sides in the step, 0–1; `null` without calls. */
  readonly actualShare: number | null;
  readonly improvement: RolloutImprovement;
  /** The share of calls that the canary gets copies of now, 0–1. */
  readonly shadowShare: number;
  /**
   * The samples of both sides in the step, by their end: calls that the split assigned to them. In a shadow step those of `canary` are its
   * copies, and those of `stable` the calls that were copied.
   */
  readonly samples: Readonly<Record<'stable' | 'canary', SampleCounts>>;
  /** What it waits for before its next move. Empty if it moves at the next look, and after a promotion. */
  readonly waitsFor: readonly RolloutWait[];
  /** The earliest time of the next move, by hold and by calls at their pace so far, in ms since the Unix epoch; `null` if unknown. */
  readonly earliestMoveMs: number | null;
  /** The steps and guardrails that it follows, and what happens at their end. */
  readonly planned: RolloutPlanned;
}

/** What the numbers and the report of a rollout are computed from. */
export interface RolloutView {
  readonly policy: RolloutPolicy;
  readonly state: RolloutState;
  /** What the step is judged by. */
  readonly judged: JudgedCalls | JudgedCopies;
  /** The calls of the whole run that the split assigned to the canary. */
  readonly exposed: ArmSums;
  readonly heldMs: number;
  /** What speaks against the canary being in service now. */
  readonly outOfService: string | undefined;
  /** The same of stable. */
  readonly stableOut: string | undefined;
  /** The freeze window that is in force. */
  readonly freeze: string | undefined;
}

/** @param waitsForStore why nothing is in force, if the store is the reason */
export function reportOf(view: RolloutView, nowMs: number, waitsForStore: string | undefined): RolloutReport {
  const { policy, state } = view;
  const { to, steps } = policy;
  const progress = stepProgress(view);
  const { weight, shadow } = trafficInForce(state, steps);
  const { stable, canary } = view.judged.step;
  const moveMs = waitsForStore === undefined ? earliestMoveMs(progress, nowMs) : null;
  return {
    upstream: to,
    ...describeState(state, steps.length),
    steps: steps.length,
    weight,
    actualShare: shareOf(canary.assigned, stable.assigned),
    improvement: improvementIn(progress),
    shadowShare: shadow,
    samples: { stable: sampleCountsOf(stable), canary: sampleCountsOf(canary) },
    ...rolloutNumbers(view),
    waitsFor: waitsForStore === undefined ? blockersOf(progress) : [{ for: 'store', message: waitsForStore }],
    earliestMoveMs: moveMs === null ? null : thawsAtMs(policy.freeze ?? [], moveMs),
    planned: plannedBy(policy),
  };
}

function plannedBy({ stable, steps, guardrails, alpha, auto, onComplete }: RolloutPolicy): RolloutPlanned {
  return { stable, steps, guardrails, alpha, auto, onComplete };
}

/** The numbers of a report that snapshots contain. */
export function snapshotOf(report: RolloutReport): RolloutSnapshot {
  const { phase, step, steps, weight, actualShare, improvement } = report;
  const { evidence, guardrail, callsExposed, callsFailed } = report;
  return { phase, step, steps, weight, actualShare, improvement, evidence, guardrail, callsExposed, callsFailed };
}

function shareOf(canary: number, stable: number): number | null {
  return canary + stable === 0 ? null : canary / (canary + stable);
}

function improvementIn({ stable, canary }: Pick<StepProgress, 'stable' | 'canary'>): RolloutImprovement {
  return {
    latency: rounded(improvementOf(stable.meanLatencyMs, canary.meanLatencyMs)),
    costPerCall: rounded(improvementOf(stable.costPerCallUsd, canary.costPerCallUsd)),
  };
}

/** Equal sums of the same costs differ in their last digits. */
const rounded = (share: number | null): number | null => (share === null ? null : Number(share.toFixed(6)) + 0);

export function rolloutNumbers({ judged, exposed, heldMs }: RolloutView): RolloutNumbers {
  const { analysis, step } = judged;
  const { evidence, guardrail } = analysis.rollback;
  return {
    evidence,
    guardrail,
    guardrails: analysis.guardrails,
    canary: numbersOf(step.canary),
    stable: numbersOf(step.stable),
    callsExposed: exposed.calls,
    callsFailed: exposed.failures,
    heldMs,
  };
}

export function stepProgress({ policy, state, judged, heldMs, ...view }: RolloutView): StepProgress {
  const { rollback, guardrails } = judged.analysis;
  const acting = guardrails.filter(({ dryRun }) => dryRun !== true);
  const unproven = acting.filter(({ promotion }) => promotion < 1).map(({ guardrail }) => guardrail);
  const worseLately = acting.filter((one) => one.worseLately).map(({ guardrail }) => guardrail);
  const missing = unproven.map((guardrail) => ({ guardrail, arms: judged.missing(guardrail) }));
  const { heldBack, assigned } = judged.step.canary;
  return {
    state,
    steps: policy.steps,
    heldMs,
    canary: numbersOf(judged.step.canary),
    stable: numbersOf(judged.step.stable),
    latencyP95: judged.latencyP95,
    nearest: rollback,
    worseLately,
    unproven: unproven.filter((guardrail) => judged.missing(guardrail).length === 0),
    missing: missing.filter(({ arms }) => arms.length > 0),
    heldBack: { calls: heldBack, assigned },
    dropped: 'dropped' in judged ? judged : undefined,
    outOfService: view.outOfService,
    stableOut: view.stableOut,
    freeze: view.freeze,
    auto: policy.auto,
  };
}

/** The part of a report that follows from the state alone. */
function describeState(
  state: RolloutState,
  steps: number,
): Pick<RolloutReport, 'phase' | 'step' | 'sinceMs' | 'reason' | 'run'> {
  const { phase, run } = state;
  switch (phase) {
    case 'progressing':
      return { phase, run, step: state.step, sinceMs: state.sinceMs, reason: undefined };
    case 'paused':
      return { phase, run, step: state.step, sinceMs: state.sinceMs, reason: state.reason };
    case 'promoted':
      return { phase, run, step: steps - 1, sinceMs: state.atMs, reason: undefined };
    case 'rolledBack':
      return { phase, run, step: state.step, sinceMs: state.atMs, reason: state.reason };
    default:
      return state satisfies never;
  }
}
