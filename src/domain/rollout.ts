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
