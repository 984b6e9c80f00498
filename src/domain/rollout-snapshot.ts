/** Where a rollout stands, in a few numbers: for metrics and pages. */

import type { RolloutPhase } from './rollout.ts';

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
