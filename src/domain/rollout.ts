/** A rollout in words: its steps, where it stands, and what was decided. Times in ms, weights and shares 0–1. */

import type { AttributeValue } from './call.ts';

/** Where a rollout stands. */
export type RolloutPhase = RolloutState['phase'];

/** Who moves a rollout: the evidence, an alert rule, a broken sample ratio, a person. */
export type RolloutCause = 'evidence' | 'rule' | 'sampleRatio' | 'user';

/** Who rolled a rollout back; `undo` took back a promotion. */
export type RollbackCause = Exclude<RolloutCause, 'sampleRatio'> | 'undo';

/**
 * `progressing` moves on by itself; `paused` keeps its traffic and may still be rolled back; `promoted` has reached its end;
 * `rolledBack` sends no call to the canary.
 */
export type RolloutState =
  | ({ readonly phase: 'progressing' } & Underway)
  | ({ readonly phase: 'paused'; readonly reason: string; readonly by: 'user' | 'sampleRatio' } & Underway)
  | { readonly phase: 'promoted'; readonly run: number; readonly atMs: number }
  | {
      readonly phase: 'rolledBack';
      readonly run: number;
      /** The step that it was rolled back from. */
      readonly step: number;
      readonly reason: string;
      readonly by: RollbackCause;
      readonly atMs: number;
    };

/** A rollout that has a step in force. */
export interface Underway {
  /** 1, and one more for each `retry()`. */
  readonly run: number;
  /** Index of the step in force. */
  readonly step: number;
  /** When the step began. */
  readonly sinceMs: number;
  /** Set by hand in place of the step's weight, until the next step. */
  readonly weight?: number | undefined;
}

/** What must be so before a rollout moves on, beside the verdict. A figure without any call behind it is never met. */
export interface StepRequirements {
  /** The canary's error rate in the step may not be above this, 0–1. */
  readonly maxErrorRate?: number | undefined;
  /** The canary's mean latency must be lower than stable's by this share of it: 0.1 is 10 %; 0 is not slower. */
  readonly minLatencyImprovement?: number | undefined;
  /** The canary's mean cost of a call over stable's may not be above this. */
  readonly maxCostRatio?: number | undefined;
  /** The canary's mean `quality`, as `canary.record()` told it, may not be below this. */
  readonly minQuality?: number | undefined;
}

/** A step with nothing left open. */
export type RolloutStep = StepTraffic & {
  readonly holdMs: number;
  /** Judged canary calls that the step needs. */
  readonly minCalls: number;
  readonly require: StepRequirements;
};

/** Which calls a step brings to the canary. */
export type StepTraffic =
  | { readonly kind: 'shadow'; readonly share: number }
  | { readonly kind: 'segment'; readonly when: SegmentCondition; readonly weight: number }
  | { readonly kind: 'weight'; readonly weight: number };

/** Every attribute must equal the value, or one of the values. */
export type SegmentCondition = Readonly<Record<string, AttributeValue | readonly AttributeValue[]>>;

/* PART: The numbers that a rollout is decided by. Rates and evidence 0–1, times in ms, money in USD. */

/** What the judged calls of one side were like. */
export interface ArmNumbers {
  readonly calls: number;
  readonly failures: number;
  /** failures / calls; `null` without calls. */
  readonly errorRate: number | null;
  /** Of successes. */
  readonly meanLatencyMs: number | null;
  /** Of calls whose cost is known. */
  readonly costPerCallUsd: number | null;
  /** Mean of what `canary.record(call, { quality })` told. */
  readonly quality: number | null;
}

/** One guardrail. */
export interface GuardrailNumbers {
  readonly guardrail: string;
  /** How near it is to a rollback by itself, 0–1 on a logarithmic scale. */
  readonly rollback: number;
  /** How near it is to letting the rollout move on, 0–1 on a logarithmic scale. */
  readonly promotion: number;
  /** Judged calls with a value of this metric, and its mean. */
  readonly sides: Readonly<Record<'stable' | 'canary', { readonly calls: number; readonly mean: number | null }>>;
}

/** The numbers of a moment. The verdict follows from them: a rollback where `evidence` is 1, a pass where every `promotion` is 1. */
export interface RolloutNumbers {
  /** How near the guardrails together are to a rollback, 0–1 on a logarithmic scale. */
  readonly evidence: number;
  /** The guardrail with the largest part in it. */
  readonly guardrail: string;
  readonly guardrails: readonly GuardrailNumbers[];
  /** Of the calls judged in the step. */
  readonly canary: ArmNumbers;
  readonly stable: ArmNumbers;
  /** Judged canary calls since the rollout began, and those of them that failed. */
  readonly callsExposed: number;
  readonly callsFailed: number;
  /** How long the step has held. */
  readonly heldMs: number;
}

/** What can be asked of a rollout. */
export type RolloutVerb = 'promote' | 'pause' | 'resume' | 'rollback' | 'retry' | 'undo' | 'setWeight';

/** An entry of a rollout's history. */
export interface RolloutDecision {
  readonly upstream: string;
  readonly atMs: number;
  readonly verb: RolloutVerb;
  readonly by: RolloutCause;
  /** For people. */
  readonly reason: string;
  readonly from: RolloutState;
  readonly to: RolloutState;
  readonly numbers: RolloutNumbers;
}

/* PART: What a rollout tells its listeners. */

/** The evidence has grown; at most once a second. */
export interface AnalysisEvent extends RolloutNumbers {
  readonly upstream: string;
  readonly phase: RolloutPhase;
  readonly step: number;
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  readonly atMs: number;
}

/** What happened to a rollout. */
export interface RolloutChangeEvent extends RolloutNumbers {
  readonly upstream: string;
  /** For people. */
  readonly reason: string;
  readonly by: RolloutCause;
  /** The step in force from now on; after a rollback the one it was rolled back from. */
  readonly step: number;
  readonly weightsBefore: Readonly<Record<string, number>>;
  readonly weightsAfter: Readonly<Record<string, number>>;
  readonly atMs: number;
}

/** A rollout took its canary out of service. Calls that are under way there end there. */
export interface RolloutRollbackEvent extends RolloutChangeEvent {
  /** No alert rule; one that rolled a rollout back is named in `reason`. */
  readonly rule?: undefined;
  /** Of the calls judged in the step. */
  readonly canary: ArmNumbers;
  readonly stable: ArmNumbers;
}

/* PART: Where a rollout stands, in a few numbers: for metrics and pages. */

/** Evidence and weight 0–1. */
export interface RolloutSnapshot {
  readonly phase: RolloutPhase;
  /** The step in force, counted from 0; after the end the one it ended in. */
  readonly step: number;
  readonly steps: number;
  /** The canary's share of all calls. */
  readonly weight: number;
  /** How near the guardrails together are to a rollback, on a logarithmic scale. */
  readonly evidence: number;
  /** The guardrail with the largest part in it. */
  readonly guardrail: string;
  /** Judged canary calls since the rollout began, and those of them that failed. */
  readonly callsExposed: number;
  readonly callsFailed: number;
}
