/** What blocks the next move of a rollout, and when that can come. */

import type { ArmNumbers, ResolvedRequirements, RolloutState, RolloutStep } from '../domain/rollout.ts';
import type { CopyDrop } from '../domain/shadow.ts';
import type { Arm } from '../stats/arm.ts';
import { threeDigits } from '../domain/format.ts';
import { improvementOf, isMeasured } from './arm-numbers.ts';
import type { JudgedCopies } from './judged-copies.ts';
import { waitForShare } from './shadow-share.ts';

/** One thing that a rollout waits for. */
export interface RolloutWait {
  readonly for:
    | 'store'
    | 'resume'
    | 'retry'
    | 'hold'
    | 'freeze'
    | 'calls'
    | 'share'
    | 'service'
    | 'limits'
    | 'require'
    | 'guardrail'
    | 'evidence'
    | 'promote';
  /** An explanation for people. */
  readonly message: string;
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
  /** The canary's p95 latency in the step, in ms. @default null */
  readonly latencyP95?: number | null | undefined;
  /** The guardrail closest to a rollback, and its evidence, 0–1. */
  readonly nearest: { readonly guardrail: string; readonly evidence: number } | undefined;
  /** Guardrails whose latest calls look like the beginning of an outage. @default none */
  readonly worseLately?: readonly string[] | undefined;
  /** Guardrails that are not yet proven to be no worse than stable. */
  readonly unproven: readonly string[];
  /** Those of them that can never be proven as it is: a side has no value of the metric. */
  readonly missing: readonly { readonly guardrail: string; readonly arms: readonly Arm[] }[];
  /** Canary calls of the step that the user's limits and budgets held back, and all that were assigned. */
  readonly heldBack: { readonly calls: number; readonly assigned: number };
  /** The copies of a shadow step that were not sent. @default none */
  readonly dropped?: Pick<JudgedCopies, 'dropped' | 'lastDrop'> | undefined;
  readonly outOfService: string | undefined;
  /** Why stable is out of service, so that there is nothing new to compare with. @default it is in service */
  readonly stableOut?: string | undefined;
  /** The freeze window that is in force. */
  readonly freeze?: string | undefined;
  readonly auto: boolean;
}

/** A guardrail with this much evidence blocks the next step: a suspicious canary should not get more traffic. */
const NEAR = 0.5;

/** What blocks the next move. Empty if the rollout may move now, and after a promotion. */
export function blockersOf(progress: StepProgress): readonly RolloutWait[] {
  const { state, steps, auto } = progress;
  if (state.phase === 'promoted') return [];
  if (state.phase === 'rolledBack') return [{ for: 'retry', message: `rolled back: ${state.reason}` }];
  if (state.phase === 'paused') return [{ for: 'resume', message: `paused: ${state.reason}` }];
  const step = steps[state.step];
  if (!step) return [];
  const waits = [
    ...holdOf(step, progress),
    ...freezeOf(progress),
    ...waitForShare(step, state),
    ...proofOf(step, progress),
  ];
  return auto ? waits : [...waits, { for: 'promote', message: 'auto is false: promote() starts the next step' }];
}

/** The earliest end of the step, by hold and by calls at their pace so far, in ms since the Unix epoch; `null` if unknown. */
export function earliestMoveMs(progress: StepProgress, nowMs: number): number | null {
  const { state, steps, heldMs, canary, auto } = progress;
  const step = state.phase === 'progressing' ? steps[state.step] : undefined;
  if (!step || !auto) return null;
  const holdMs = Math.max(0, step.holdMs - heldMs);
  const calls = Math.max(0, Math.max(1, step.minCalls) - canary.calls);
  if (calls > 0 && (canary.calls === 0 || heldMs === 0)) return null;
  return nowMs + Math.max(holdMs, calls === 0 ? 0 : Math.ceil((calls * heldMs) / canary.calls));
}

function holdOf({ holdMs }: RolloutStep, { heldMs }: StepProgress): RolloutWait[] {
  return heldMs >= holdMs ? [] : [{ for: 'hold', message: `held for ${seconds(heldMs)} of ${seconds(holdMs)}` }];
}

function freezeOf({ freeze }: StepProgress): RolloutWait[] {
  return freeze === undefined ? [] : [{ for: 'freeze', message: `no step begins in the freeze window ${freeze}` }];
}

function proofOf(step: RolloutStep, progress: StepProgress): RolloutWait[] {
  const { canary, stable, nearest, worseLately = [], unproven, missing, outOfService, stableOut } = progress;
  const because = stableOut === undefined ? '' : ` (${stableOut})`;
  const { latencyP95 = null } = progress;
  const noun = step.kind === 'shadow' ? 'copies' : 'canary calls';
  const waits: RolloutWait[] = [];
  if (canary.calls < Math.max(1, step.minCalls)) {
    const none = step.kind === 'shadow' ? 'no copy has been judged yet: ' : 'no canary call has been judged yet: ';
    const prefix = canary.calls === 0 ? none : '';
    waits.push({ for: 'calls', message: `${prefix}${canary.calls} of ${Math.max(1, step.minCalls)} ${noun}` });
  }
  for (const message of unmet(step.require, canary, stable, latencyP95)) waits.push({ for: 'require', message });
  if (nearest && nearest.evidence >= NEAR) {
    const percent = Math.round(nearest.evidence * 100);
    waits.push({ for: 'guardrail', message: `${nearest.guardrail} is at ${percent} % of the evidence for a rollback` });
  }
  if (worseLately.length > 0) {
    const message = `the canary's latest calls are worse than stable's: ${worseLately.join(', ')}`;
    waits.push({ for: 'guardrail', message });
  }
  if (outOfService !== undefined) waits.push({ for: 'service', message: outOfService });
  waits.push(...boundsOf(step, progress));
  for (const { guardrail, arms } of missing) {
    waits.push({
      for: 'evidence',
      message: `${guardrail} has no value on ${arms.join(' and ')}${because || remedyOf(guardrail)}`,
    });
  }
  if (unproven.length > 0) {
    const message = `not yet proven to be no worse than stable: ${unproven.join(', ')}${because}`;
    waits.push({ for: 'evidence', message });
  }
  return waits;
}

/**
 * What the user's own limits, budgets and bounds hold back. A canary that cannot take its calls cannot take more. Copies are samples, so a part
 * of them is enough: they wait only while none is sent.
 */
function boundsOf(step: RolloutStep, { canary, heldBack, dropped }: StepProgress): RolloutWait[] {
  if (step.kind !== 'shadow') {
    if (heldBack.calls === 0 || heldBack.calls < MOST_HELD_BACK * heldBack.assigned) return [];
    const message = `limits or budgets held back ${heldBack.calls} of ${heldBack.assigned} canary calls`;
    return [{ for: 'limits', message }];
  }
  const reason = dropped?.lastDrop;
  if (reason === undefined || (reason === 'full' && canary.calls > 0)) return [];
  const count = dropped?.dropped[reason] ?? 0;
  return [{ for: 'limits', message: `${DROPS[reason]}: ${count} of ${heldBack.assigned} copies were not sent` }];
}

const DROPS: Readonly<Record<CopyDrop, string>> = {
  budget: 'the budget of the copies is spent',
  full: 'maxConcurrency, maxQueue or maxBytes of the shadow is reached',
  limits: "the limits of the canary's upstream are reached",
  breaker: "the canary's breaker is open",
  pause: 'the canary is paused',
  down: 'the canary is down',
};

/** A canary that takes fewer calls than this share of those assigned to it cannot take more. */
const MOST_HELD_BACK = 0.1;

/** How values of a metric come about. */
function remedyOf(guardrail: string): string {
  if (guardrail === 'costPerCall') return ': its price is unknown, set the price of the upstream';
  return isMeasured(guardrail) ? '' : `: record it with canary.record(call, { ${guardrail} })`;
}

function unmet(
  require: ResolvedRequirements,
  canary: ArmNumbers,
  stable: ArmNumbers,
  latencyP95: number | null,
): string[] {
  const { maxErrorRate, maxLatencyP95, minLatencyImprovement, maxCostRatio, minQuality } = require;
  const improvement = improvementOf(stable.meanLatencyMs, canary.meanLatencyMs);
  return [
    unmetRequirement('error rate', canary.errorRate, 'at most', maxErrorRate),
    unmetRequirement('p95 latency in ms', latencyP95, 'at most', maxLatencyP95),
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
    : `${name} is ${value === null ? 'unknown' : threeDigits(value)}, should be ${sense} ${bound}`;
}

const quotient = (one: number | null, other: number | null) => (one === null || !other ? null : one / other);
const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;
