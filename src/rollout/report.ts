/** A rollout as one object, for people and pages. */

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
  /** The step in force, counted from 0; after the end the one it ended in. */
  readonly step: number;
  readonly steps: number;
  /** When the step began, or the rollout ended. */
  readonly sinceMs: number;
  /** Why it is paused or rolled back. */
  readonly reason: string | undefined;
  /** 1, and one more for each `retry()`. */
  readonly run: number;
  /** The canary's share of all calls, 0–1. */
  readonly weight: number;
  /** What it waits for before it moves on; nothing where it moves at the next look, or is promoted. */
  readonly waitsFor: readonly RolloutWait[];
  /** When it can move at the earliest, by time and by calls at their pace so far; `null` where nobody knows. */
  readonly earliestMoveMs: number | null;
}

/** What of a report the state itself tells. */
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

/** The few numbers of a report that metrics and pages follow. */
export function snapshotOf(report: RolloutReport): RolloutSnapshot {
  const { phase, step, steps, weight, evidence, guardrail, callsExposed, callsFailed } = report;
  return { phase, step, steps, weight, evidence, guardrail, callsExposed, callsFailed };
}

/* PART: Where a rollout stands: what its calls prove, and what it waits for. */

/** Everything that follows from what a rollout keeps. */
export interface RolloutView {
  readonly policy: RolloutPolicy;
  readonly state: RolloutState;
  readonly calls: JudgedCalls;
  readonly heldMs: number;
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

/** @param waitsForStore nothing is in force before the store has told where the rollout stands */
export function reportOf(standing: RolloutView, nowMs: number, waitsForStore: boolean): RolloutReport {
  const { policy, state } = standing;
  const { to, steps } = policy;
  const progress = stepProgress(standing);
  const store = { for: 'store', message: 'the store has not answered yet' } as const;
  return {
    upstream: to,
    ...describeState(state, steps.length),
    steps: steps.length,
    weight: trafficInForce(state, steps).weight,
    ...rolloutNumbers(standing),
    waitsFor: waitsForStore ? [store] : blockersOf(progress),
    earliestMoveMs: waitsForStore ? null : earliestMoveMs(progress, nowMs),
  };
}

/* PART: What a rollout waits for before it moves on, and when it can at the earliest. */

/** One thing that a rollout waits for. */
export interface RolloutWait {
  readonly for: 'store' | 'resume' | 'retry' | 'hold' | 'calls' | 'require' | 'guardrail' | 'evidence' | 'promote';
  /** For people. */
  readonly message: string;
}

/** How far a step has come. */
export interface StepProgress {
  readonly state: RolloutState;
  readonly steps: readonly RolloutStep[];
  /** How long the step has been watched while it progressed. */
  readonly heldMs: number;
  /** Of the calls judged in this step. */
  readonly canary: ArmNumbers;
  readonly stable: ArmNumbers;
  /** The guardrail nearest to its rollback, and how near: 0–1. */
  readonly nearest: { readonly guardrail: string; readonly evidence: number } | undefined;
  /** Guardrails whose proof of being no worse is outstanding. */
  readonly unproven: readonly string[];
  readonly auto: boolean;
}

/** A guardrail this near to its rollback keeps the next step from beginning: more traffic is no way to find out. */
const NEAR = 0.5;

/** Empty where the rollout may move now, or is at its end. */
export function blockersOf(progress: StepProgress): readonly RolloutWait[] {
  const { state, steps, auto } = progress;
  if (state.phase === 'promoted') return [];
  if (state.phase === 'rolledBack') return [{ for: 'retry', message: `rolled back: ${state.reason}` }];
  if (state.phase === 'paused') return [{ for: 'resume', message: `paused: ${state.reason}` }];
  const step = steps[state.step];
  if (!step) return [];
  const waits = [...holdOf(step, progress), ...(step.kind === 'shadow' ? [] : proofOf(step, progress))];
  return auto ? waits : [...waits, { for: 'promote', message: 'each step begins with promote()' }];
}

/** When the step can be over, by time and by calls at their pace so far, in ms since the Unix epoch; `null` where nobody knows. */
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
    const none = canary.calls === 0 ? 'no canary call has been judged yet: ' : '';
    waits.push({ for: 'calls', message: `${none}${canary.calls} of ${Math.max(1, step.minCalls)} calls` });
  }
  for (const message of unmet(step.require, canary, stable)) waits.push({ for: 'require', message });
  if (nearest && nearest.evidence >= NEAR) {
    const percent = Math.round(nearest.evidence * 100);
    waits.push({ for: 'guardrail', message: `${nearest.guardrail} is at ${percent} % of its bound` });
  }
  // Beside a holdback of 1 % there is too little of stable for a proof; that nothing speaks against it is enough.
  const weighs = step.kind === 'shadow' ? 0 : step.weight;
  if (weighs < 1 - HOLDBACK && unproven.length > 0) {
    waits.push({ for: 'evidence', message: `not yet shown to be no worse: ${unproven.join(', ')}` });
  }
  return waits;
}

function unmet(require: StepRequirements, canary: ArmNumbers, stable: ArmNumbers): string[] {
  const { maxErrorRate, minLatencyImprovement, maxCostRatio, minQuality } = require;
  const improvement = quotient(difference(stable.meanLatencyMs, canary.meanLatencyMs), stable.meanLatencyMs);
  return [
    told('error rate', canary.errorRate, 'at most', maxErrorRate),
    told('latency improvement', improvement, 'at least', minLatencyImprovement),
    told('cost ratio', quotient(canary.costPerCallUsd, stable.costPerCallUsd), 'at most', maxCostRatio),
    told('quality', canary.quality, 'at least', minQuality),
  ].filter((message) => message !== undefined);
}

/** A figure without calls behind it is no pass. */
function told(name: string, value: number | null, sense: 'at most' | 'at least', bound: number | undefined) {
  if (bound === undefined) return undefined;
  const meets = value !== null && (sense === 'at most' ? value <= bound : value >= bound);
  return meets ? undefined : `${name} ${value === null ? 'unknown' : Number(value.toPrecision(3))}, ${sense} ${bound}`;
}

const difference = (one: number | null, other: number | null) => (one === null || other === null ? null : one - other);
const quotient = (one: number | null, other: number | null) => (one === null || !other ? null : one / other);
const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
