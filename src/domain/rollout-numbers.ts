/** The numbers that a rollout is decided by. Rates and evidence 0–1, times in ms, money in USD. */

import type { RolloutCause, RolloutState } from './rollout.ts';

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
