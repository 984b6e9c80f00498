/** A rollout as one object, for people and pages. */

import type { RolloutPhase, RolloutState } from '../domain/rollout.ts';
import type { RolloutSnapshot } from '../domain/rollout-snapshot.ts';
import type { RolloutNumbers } from '../domain/rollout-numbers.ts';
import type { RolloutWait } from './waits.ts';

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
export function describeState(
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
