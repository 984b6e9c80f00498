/** A rollout with nothing left open. */

import type { RolloutStep } from '../domain/rollout.ts';
import type { GuardOptions } from '../stats/analysis-types.ts';

export interface RolloutPolicy {
  /** The canary. */
  readonly to: string;
  readonly stable: string;
  readonly steps: readonly RolloutStep[];
  readonly guardrails: Readonly<Record<string, GuardOptions>>;
  /** The probability of a false rollback over a whole run. */
  readonly alpha: number;
  readonly judge: 'sequential' | 'threshold';
  /** `false` begins no step by itself. */
  readonly auto: boolean;
  readonly onComplete: 'keep' | 'replaceStable';
  readonly salt: string;
  /** The most that it ever takes of all calls, 0–1: set aside, so that rollouts side by side never meet. */
  readonly reserve: number;
}

/** Tells a stored rollout from one under other options. Neither names nor numbers of steps are secret. */
export function fingerprintOf({ to, stable, steps, guardrails, alpha, judge, salt }: RolloutPolicy): string {
  return JSON.stringify({ to, stable, steps, guardrails, alpha, judge, salt });
}
