/** A rollout in a few numbers. */

import type { RolloutPhase } from './rollout.ts';

/** How much better the canary is than stable: 0.1 is a tenth lower, a negative number is higher; `null` while a side has no number. */
export interface RolloutImprovement {
  /** Of the mean latency of answered calls. */
  readonly latency: number | null;
  /** Of the mean cost of a call. */
  readonly costPerCall: number | null;
}

/** The state of a rollout in a few numbers, for metrics and dashboards. */
export interface RolloutSnapshot {
  readonly phase: RolloutPhase;
  /** The current step, from 0; after the end, the step in which it ended. */
  readonly step: number;
  readonly steps: number;
  /** The canary's share of all calls, 0–1. */
  readonly weight: number;
  /** The canary's share of the calls assigned to both sides in the step, 0–1; `null` without calls. */
  readonly actualShare: number | null;
  readonly improvement: RolloutImprovement;
  /** How close the guardrails together are to a rollback, 0–1 on a logarithmic scale. */
  readonly evidence: number;
  /** The guardrail that contributes most to it. */
  readonly guardrail: string;
  /** Judged canary calls since the rollout began. */
  readonly callsExposed: number;
  /** Those of them that failed. */
  readonly callsFailed: number;
}
