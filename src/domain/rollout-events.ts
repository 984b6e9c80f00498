/** What a rollout tells its listeners. */

import type { RolloutCause, RolloutPhase } from './rollout.ts';
import type { ArmNumbers, RolloutNumbers } from './rollout-numbers.ts';

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
