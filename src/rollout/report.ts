/** The report of a rollout: its state, its numbers, what blocks its next move and when that can come. */

import type {
  ArmNumbers,
  RolloutNumbers,
  RolloutPhase,
  RolloutSnapshot,
  RolloutState,
  RolloutStep,
  StepRequirements,
} from '../domain/rollout.ts';
import { HOLDBACK, trafficInForce } from '../routing/traffic-in-force.ts';
import { numbersOf } from './arm-numbers.ts';
import type { JudgedCalls } from './evidence.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';

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
  /** What it waits for before its next move. Empty if it moves at the next look, and after a promotion. */
  readonly waitsFor: readonly RolloutWait[];
  /** The earliest time of the next move, by hold and by calls at their pace so far, in ms since the Unix epoch; `null` if unknown. */
  readonly earliestMoveMs: number | null;
}

/** One thing that a rollout waits for. */
export interface RolloutWait {
  readonly for: 'store' | 'resume' | 'retry' | 'hold' | 'calls' | 'require' | 'guardrail' | 'evidence' | 'promote';
  /** An explanation for people. */
  readonly message: string;
}

/** What the numbers and the report of a rollout are computed from. */
export interface RolloutView {
  readonly policy: RolloutPolicy;
  readonly state: RolloutState;
  readonly calls: JudgedCalls;
  readonly heldMs: number;
}

/** A guardrail with this much evidence blocks the next step: a suspicious canary should not get more traffic. */
const NEAR = 0.5;

/** @param waitsForStore why nothing is in force, if the store is the reason */
export function reportOf(view: RolloutView, nowMs: number, waitsForStore: string | undefined): RolloutReport {
  const { policy, state } = view;
  const { to, steps } = policy;
  const progress = stepProgress(view);
  return {
    upstream: to,
    ...describeState(state, steps.length),
    steps: steps.length,
    weight: trafficInForce(state, steps).weight,
    ...rolloutNumbers(view),
    waitsFor: waitsForStore === undefined ? blockersOf(progress) : [{ for: 'store', message: waitsForStore }],
    earliestMoveMs: waitsForStore !== undefined ? null : earliestMoveMs(progress, nowMs),
  };
}

/** The numbers of a report that snapshots contain. */
export function snapshotOf(report: RolloutReport): RolloutSnapshot {
  const { phase, step, steps, weight, evidence, guardrail, callsExposed, callsFailed } = report;
  return { phase, step, steps, weight, evidence, guardrail, callsExposed, callsFailed };
}

export function rolloutNumbers({ calls, heldMs }: RolloutView): RolloutNumbers {
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

/** The progress of a step. */
export interface StepProgress {
  readonly state: RolloutState;
  readonly steps: readonly RolloutStep[];
  /** How long the step has been watched, without pauses. */
  readonly heldMs: number;
  /** Numbers of the calls judged in this step. */
  readonly canary: ArmNumbers;
  readonly stable: ArmNumbers;
  /** The guardrail closest to a rollback, and its evidence, 0–1. */
  readonly nearest: { readonly guardrail: string; readonly evidence: number } | undefined;
  /** Guardrails that are not yet proven to be no worse than stable. */
  readonly unproven: readonly string[];
  readonly auto: boolean;
}

export function stepProgress({ policy, state, calls, heldMs }: RolloutView): StepProgress {
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

/** What blocks the next move. Empty if the rollout may move now, and after a promotion. */
export function blockersOf(progress: StepProgress): readonly RolloutWait[] {
  const { state, steps, auto } = progress;
  if (state.phase === 'promoted') return [];
  if (state.phase === 'rolledBack') return [{ for: 'retry', message: `rolled back: ${state.reason}` }];
  if (state.phase === 'paused') return [{ for: 'resume', message: `paused: ${state.reason}` }];
  const step = steps[state.step];
  if (!step) return [];
  const waits = [...holdOf(step, progress), ...(step.kind === 'shadow' ? [] : proofOf(step, progress))];
  return auto ? waits : [...waits, { for: 'promote', message: 'auto is false: promote() starts the next step' }];
}

/** The earliest end of the step, by hold and by calls at their pace so far, in ms since the Unix epoch; `null` if unknown. */
export function earliestMoveMs(progress: StepProgress, nowMs: number): number | null {
  const { state, steps, heldMs, canary, auto } = progress;
  const step = state.phase === 'progressing' ? steps[state.step] : undefined;
  if (!step || !auto) return null;
  const holdMs = Math.max(0, step.holdMs - heldMs);
  const calls = step.kind === 'shadow' ? 0 : Math.max(0, Math.max(1, step.minCalls) - canary.calls);
  if (calls > 0 && (canary.calls === 0 || heldMs === 0)) return null;
  return nowMs + Math.max(holdMs, calls === 0 ? 0 : Math.ceil((calls * heldMs) / canary.calls));
}

function holdOf({ holdMs }: RolloutStep, { heldMs }: StepProgress): RolloutWait[] {
  return heldMs >= holdMs ? [] : [{ for: 'hold', message: `held for ${seconds(heldMs)} of ${seconds(holdMs)}` }];
}

function proofOf(step: RolloutStep, progress: StepProgress): RolloutWait[] {
  const { canary, stable, nearest, unproven } = progress;
  const waits: RolloutWait[] = [];
  if (canary.calls < Math.max(1, step.minCalls)) {
    const prefix = canary.calls === 0 ? 'no canary call has been judged yet: ' : '';
    waits.push({ for: 'calls', message: `${prefix}${canary.calls} of ${Math.max(1, step.minCalls)} canary calls` });
  }
  for (const message of unmet(step.require, canary, stable)) waits.push({ for: 'require', message });
  if (nearest && nearest.evidence >= NEAR) {
    const percent = Math.round(nearest.evidence * 100);
    waits.push({ for: 'guardrail', message: `${nearest.guardrail} is at ${percent} % of the evidence for a rollback` });
  }
  // With a holdback of 1 % stable has too few calls for a proof. No evidence against the canary is enough then.
  const weight = step.kind === 'shadow' ? 0 : step.weight;
  if (weight < 1 - HOLDBACK && unproven.length > 0) {
    waits.push({ for: 'evidence', message: `not yet proven to be no worse than stable: ${unproven.join(', ')}` });
  }
  return waits;
}

function unmet(require: StepRequirements, canary: ArmNumbers, stable: ArmNumbers): string[] {
  const { maxErrorRate, minLatencyImprovement, maxCostRatio, minQuality } = require;
  const improvement = quotient(difference(stable.meanLatencyMs, canary.meanLatencyMs), stable.meanLatencyMs);
  return [
    unmetRequirement('error rate', canary.errorRate, 'at most', maxErrorRate),
    unmetRequirement('latency improvement', improvement, 'at least', minLatencyImprovement),
    unmetRequirement('cost ratio', quotient(canary.costPerCallUsd, stable.costPerCallUsd), 'at most', maxCostRatio),
    unmetRequirement('quality', canary.quality, 'at least', minQuality),
  ].filter((message) => message !== undefined);
}

/** A number without any call does not meet a requirement. */
function unmetRequirement(
  name: string,
  value: number | null,
  sense: 'at most' | 'at least',
  bound: number | undefined,
) {
  if (bound === undefined) return undefined;
  const meets = value !== null && (sense === 'at most' ? value <= bound : value >= bound);
  return meets
    ? undefined
    : `${name} is ${value === null ? 'unknown' : Number(value.toPrecision(3))}, should be ${sense} ${bound}`;
}

const difference = (one: number | null, other: number | null) => (one === null || other === null ? null : one - other);
const quotient = (one: number | null, other: number | null) => (one === null || !other ? null : one / other);
const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
