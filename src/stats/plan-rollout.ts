/** How long a rollout will take, computed in advance with the formulas that will judge it. */

import { durationMs, type Duration } from '../domain/duration.ts';
import type { GuardOptions } from './analysis-types.ts';
import { checkAlpha } from './check-limits.ts';
import { COPIES_PART } from './pair-analysis.ts';
import { planShadowStep } from './plan-shadow-step.ts';
import { planStep, type StepPlan } from './plan-step.ts';

/** A step as in `canary.rollout.steps`; other fields are ignored. */
export interface PlannedStep {
  /**
   * The canary's share of calls, 0–1; at 1 stable keeps 1–20 %. A step with neither weight nor shadow, such as a whole
   * segment, cannot be planned: only its hold counts.
   */
  readonly weight?: number | undefined;
  /** The share of calls that are copied, 0–1; of a share that raises itself, the last one counts. */
  readonly shadow?: number | { readonly to: number } | undefined;
  /**
   * The least duration of the step.
   * @default 0; '5m' for a weight of 1
   */
  readonly hold?: Duration | undefined;
  /**
   * The least number of canary calls.
   * @default 0
   */
  readonly minCalls?: number | undefined;
}

export interface PlanRolloutOptions {
  readonly steps: readonly PlannedStep[];
  /** Calls per second of stable and canary together. */
  readonly callsPerSecond: number;
  /** Stable's error rate, strictly between 0 and 1. */
  readonly errorRate: number;
  /**
   * As in `canary.rollout`. Only errors can be planned, so other guardrails may take longer.
   * @default { errorRate: {} }
   */
  readonly guardrails?: Readonly<Record<string, GuardOptions>> | undefined;
  /** The probability of a false rollback over the whole run. @default 0.01 */
  readonly alpha?: number | undefined;
  /** The probability of advancing a canary that is worse than the step's margin. @default 0.05 */
  readonly promotionAlpha?: number | undefined;
}

export interface RolloutPlan {
  readonly steps: readonly StepPlan[];
  /** Total time for a canary as good as stable, in ms; `Infinity` if a step never lets it advance. */
  readonly totalMs: number;
  /** The warnings of all steps, each starting with its step: `steps[0] …`. */
  readonly warnings: readonly string[];
}

/**
 * How long a rollout takes if the canary is as good as stable, and how soon it would catch a regression. Times are
 * expected values: about half of all rollouts take longer.
 *
 * @example
 * const { totalMs, warnings } = planRollout({
 *   steps: [{ weight: 0.01 }, { weight: 0.25, hold: '10m' }, { weight: 1 }],
 *   callsPerSecond: 20,
 *   errorRate: 0.01,
 * });
 * @throws RangeError for invalid numbers
 */
export function planRollout(options: PlanRolloutOptions): RolloutPlan {
  const { callsPerSecond, errorRate, guardrails = { errorRate: {} }, alpha = 0.01, promotionAlpha = 0.05 } = options;
  if (!(callsPerSecond > 0)) throw new RangeError(`callsPerSecond should be above 0, got ${callsPerSecond}`);
  checkAlpha('errorRate', errorRate);
  checkAlpha('alpha', alpha);
  checkAlpha('promotionAlpha', promotionAlpha);
  const shadows = options.steps.map(({ shadow }, index) => checkedShadow(shadow, index));
  const copiesAlpha = shadows.some((shadow) => shadow !== undefined) ? alpha * COPIES_PART : 0;
  const steps = options.steps.map((step, index) => {
    const shadow = shadows[index];
    const input = {
      weight: checkedWeight(step.weight, index),
      holdMs: checkedHold(step.hold ?? (step.weight === 1 ? SOAK : 0), index),
      minCalls: step.minCalls ?? 0,
      callsPerSecond,
      errorRate,
      guardrails,
      alpha: alpha - copiesAlpha,
      promotionAlpha,
    };
    if (shadow === undefined) return planStep(input);
    const first = options.steps.slice(index).find((one) => one.shadow === undefined);
    return planShadowStep({ ...input, shadow, alpha: copiesAlpha, opens: first?.weight });
  });
  return {
    steps,
    totalMs: steps.reduce((sum, { timeMs }) => sum + timeMs, 0),
    warnings: steps.flatMap(({ warnings }, index) => warnings.map((warning) => `steps[${index}] ${warning}`)),
  };
}

function checkedWeight(weight: number | undefined, index: number): number | undefined {
  if (weight === undefined || (weight >= 0 && weight <= 1)) return weight;
  throw new RangeError(`steps[${index}].weight should be between 0 and 1, got ${weight}`);
}

function checkedShadow(shadow: PlannedStep['shadow'], index: number): number | undefined {
  const share = typeof shadow === 'object' ? shadow.to : shadow;
  if (share === undefined || (share > 0 && share <= 1)) return share;
  throw new RangeError(`steps[${index}].shadow should be above 0 and at most 1, got ${share}`);
}

function checkedHold(hold: Duration, index: number): number {
  const holdMs = durationMs(hold);
  if (holdMs !== undefined && holdMs >= 0) return holdMs;
  throw new RangeError(`steps[${index}].hold should be a number of ms or a string like '30s', '4h', got ${hold}`);
}

const SOAK: Duration = '5m';
