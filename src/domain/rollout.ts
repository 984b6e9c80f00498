/**
 * Rollouts: states, steps, decisions, numbers and events. Times are in ms; weights, shares, rates and evidence are 0–1;
 * money is in USD.
 */

import type { AttributeValue } from './call.ts';
import type { Duration } from './duration.ts';

/** The phase of a rollout. */
export type RolloutPhase = RolloutState['phase'];

/**
 * What changed a rollout: the evidence, an alert rule, a broken sample ratio, the user, or a configuration with another
 * revision of the canary or other steps (`options`).
 */
export type RolloutCause = 'evidence' | 'rule' | 'sampleRatio' | 'user' | 'options';

/** What rolled a rollout back; `undo` reverted a promotion. `store`: the stored state cannot be read. */
export type RollbackCause = 'evidence' | 'rule' | 'user' | 'undo' | 'store';

/**
 * The state of a rollout.
 *
 * - `progressing`: advances automatically.
 * - `paused`: keeps its traffic, and can still be rolled back.
 * - `promoted`: has reached its end.
 * - `rolledBack`: sends no calls to the canary.
 */
export type RolloutState =
  | ({ readonly phase: 'progressing' } & Underway)
  | ({ readonly phase: 'paused'; readonly reason: string; readonly by: 'user' | 'sampleRatio' } & Underway)
  | { readonly phase: 'promoted'; readonly run: number; readonly atMs: number }
  | {
      readonly phase: 'rolledBack';
      readonly run: number;
      /** The index of the step that was rolled back. */
      readonly step: number;
      readonly reason: string;
      readonly by: RollbackCause;
      readonly atMs: number;
    };

/** The part of the state of a rollout that has a current step. */
export interface Underway {
  /** 1, plus one for each `retry()` and each restart. */
  readonly run: number;
  /** The index of the current step, from 0. */
  readonly step: number;
  /** Start of the step, in ms since the Unix epoch. */
  readonly sinceMs: number;
  /** A weight set with `setWeight()` that replaces the step's own until the next step, 0–1. */
  readonly weight?: number | undefined;
  /**
   * The share of calls that stable keeps in a step of weight 1, 0.01–0.2, chosen so that the step can be decided within
   * its hold.
   * @default 0.1
   */
  readonly holdback?: number | undefined;
  /** The share of calls that are copied now, 0–1, in a shadow step that raises its share. */
  readonly shadowShare?: number | undefined;
}

/**
 * Conditions in addition to the verdict that a rollout must meet before it advances. A condition without any call to
 * measure it is not met.
 */
export interface StepRequirements {
  /** The highest error rate of the canary in the step, 0–1. */
  readonly maxErrorRate?: number | undefined;
  /**
   * How much lower the canary's mean latency must be, as a share of stable's: 0.1 is 10 % lower, 0 is at least as fast.
   */
  readonly minLatencyImprovement?: number | undefined;
  /** The highest p95 latency of the canary in the step, in ms or as a string; failed calls count as the slowest. */
  readonly maxLatencyP95?: Duration | undefined;
  /** The highest ratio of the canary's mean cost per call to stable's. */
  readonly maxCostRatio?: number | undefined;
  /**
   * The lowest mean `quality` of the canary, as reported through `canary.record()`. In a shadow step, the lowest mean
   * agreement of its copies with the real answers.
   */
  readonly minQuality?: number | undefined;
}

/** Requirements with the duration in ms. */
export interface ResolvedRequirements extends Omit<StepRequirements, 'maxLatencyP95'> {
  readonly maxLatencyP95?: number | undefined;
}

/** A step with all defaults filled in. */
export type RolloutStep = StepTraffic & {
  readonly holdMs: number;
  /** The number of judged canary calls, or copies, that the step needs. */
  readonly minCalls: number;
  readonly require: ResolvedRequirements;
};

/** The calls that a step sends to the canary; a `shadow` step sends copies. */
export type StepTraffic =
  /** `to`: the share that it raises itself to. */
  | { readonly kind: 'shadow'; readonly share: number; readonly to?: number | undefined }
  | { readonly kind: 'segment'; readonly when: SegmentCondition; readonly weight: number }
  | { readonly kind: 'weight'; readonly weight: number };

/** A condition on attributes: each must equal the value, or one of the values. */
export type SegmentCondition = Readonly<Record<string, AttributeValue | readonly AttributeValue[]>>;

/**
 * Why a sample counts against its side.
 *
 * - `failed`: its attempts failed or timed out.
 * - `breaker`, `pause`: its breaker was open, or it was paused for a rate limit, a quota or rejected credentials.
 * - `refused`: it refused what another upstream then served.
 * - `slow`: a hedge overtook it or its caller gave up, as in the ten samples before. Or it hangs: it has run for two minutes, ten times as long
 *   as stable's slowest answer and three times as long as the canary's.
 * - `empty`: a copy was answered without any content, and its call was not.
 */
export type BadReason = 'failed' | 'breaker' | 'pause' | 'refused' | 'slow' | 'empty';

/** The samples of one side in the step: the calls that the split assigned to it, or the copies of a shadow step, by their end. */
export interface SampleCounts {
  readonly assigned: number;
  /** The assigned upstream answered. */
  readonly good: number;
  /** It did not, through no fault of the caller. */
  readonly bad: Readonly<Record<BadReason, number>>;
  /** Ended without telling anything: aborted, the caller's own fault, held back. */
  readonly unjudged: number;
  /** Those of them that limits or budgets of the user held back; copies also by the bounds of the option `shadow`. */
  readonly heldBack: number;
  readonly inFlight: number;
}

/** The numbers of the judged calls of one side. */
export interface ArmNumbers {
  readonly calls: number;
  readonly failures: number;
  /** failures / calls; `null` without calls. */
  readonly errorRate: number | null;
  /** Mean latency of the successful calls; `null` without any. */
  readonly meanLatencyMs: number | null;
  /** Mean cost of the calls with a known cost; `null` without any. */
  readonly costPerCallUsd: number | null;
  /** Mean of the values reported through `canary.record(call, { quality })`; `null` without any. */
  readonly quality: number | null;
}

/** The numbers of one guardrail. */
export interface GuardrailNumbers {
  readonly guardrail: string;
  /** How close this guardrail alone is to a rollback, 0–1 on a logarithmic scale. */
  readonly rollback: number;
  /** How close it is to letting the rollout advance, 0–1 on a logarithmic scale. */
  readonly promotion: number;
  /** The latest calls look like the beginning of an outage: no step begins until enough good calls follow. */
  readonly worseLately: boolean;
  /** The judged calls with a value of this metric, and their mean. */
  readonly sides: Readonly<Record<'stable' | 'canary', { readonly calls: number; readonly mean: number | null }>>;
  /** Set if nothing is decided by it. */
  readonly dryRun?: true;
}

/**
 * The numbers that a rollout is decided by. The verdict follows from them: roll back if `evidence` is 1, pass if every
 * `promotion` is 1.
 */
export interface RolloutNumbers {
  /** How close the guardrails together are to a rollback, 0–1 on a logarithmic scale. */
  readonly evidence: number;
  /** The guardrail that contributes most to it. */
  readonly guardrail: string;
  readonly guardrails: readonly GuardrailNumbers[];
  /** The canary's calls that were judged in the step. */
  readonly canary: ArmNumbers;
  /** Stable's calls that were judged in the step. */
  readonly stable: ArmNumbers;
  /** Judged canary calls since the rollout began. */
  readonly callsExposed: number;
  /** Those of them that failed. */
  readonly callsFailed: number;
  /** How long the step has lasted, in ms. */
  readonly heldMs: number;
}

/** A command to a rollout. */
export type RolloutVerb = 'promote' | 'pause' | 'resume' | 'rollback' | 'retry' | 'undo' | 'setWeight';

/** A decision in the history of a rollout. */
export interface RolloutDecision {
  readonly upstream: string;
  readonly atMs: number;
  /** `restart`: another revision of the canary, or an edit of steps already taken, began at the first step. */
  readonly verb: RolloutVerb | 'restart';
  readonly by: RolloutCause;
  /** A readable explanation. */
  readonly reason: string;
  readonly from: RolloutState;
  readonly to: RolloutState;
  readonly numbers: RolloutNumbers;
}

/** The evidence of a rollout has grown. Emitted at most once a second. */
export interface AnalysisEvent extends RolloutNumbers {
  readonly upstream: string;
  readonly phase: RolloutPhase;
  readonly step: number;
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  readonly atMs: number;
}

/** The names of the events that tell that a rollout has changed. */
export const ROLLOUT_CHANGES = ['step', 'promote', 'rollback', 'pause', 'resume', 'restart'] as const;

/** A rollout advanced, was promoted, paused, resumed, rolled back or restarted. */
export interface RolloutChangeEvent extends RolloutNumbers {
  readonly upstream: string;
  /** A readable explanation. */
  readonly reason: string;
  readonly by: RolloutCause;
  /** The current step after the change; after a rollback the step that was rolled back. */
  readonly step: number;
  readonly weightsBefore: Readonly<Record<string, number>>;
  readonly weightsAfter: Readonly<Record<string, number>>;
  /**
   * Whether this process made the decision. `false` where it follows another process of the same store, which emits the same event: who
   * sends a message for each decision looks at this.
   */
  readonly decidedHere: boolean;
  readonly atMs: number;
}

/** A rollout rolled its canary back. Calls in flight on the canary finish there. */
export interface RolloutRollbackEvent extends RolloutChangeEvent {
  /** Always `undefined`: if an alert rule caused the rollback, `reason` names it. */
  readonly rule?: undefined;
  /** The canary's calls that were judged in the step. */
  readonly canary: ArmNumbers;
  /** Stable's calls that were judged in the step. */
  readonly stable: ArmNumbers;
}
