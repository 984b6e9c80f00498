/** What a rollout will take, said before it begins: by the formulas that will judge it. */

import { durationMs, type Duration } from '../domain/duration.ts';
import type { GuardOptions } from './analysis-types.ts';
import { checkAlpha } from './check-limits.ts';
import { planStep, type StepPlan } from './plan-step.ts';

/** A step as it is written in `canary.rollout.steps`; what is not named here does not matter. */
export interface PlannedStep {
  /** The canary's share of calls, 0–1; at 1 stable keeps 1 %. A step without it compares nothing, and only holds. */
  readonly weight?: number | undefined;
  /** @default 0; for a weight of 1 `'5m'` */
  readonly hold?: Duration | undefined;
  /** Canary calls. */
  readonly minCalls?: number | undefined;
}

export interface PlanRolloutOptions {
  readonly steps: readonly PlannedStep[];
  /** Of stable and canary together. */
  readonly callsPerSecond: number;
  /** Stable's, 0–1. */
  readonly errorRate: number;
  /** As in `canary.rollout`. Errors alone can be planned, so other guardrails may take longer. @default { errorRate: {} } */
  readonly guardrails?: Readonly<Record<string, GuardOptions>> | undefined;
  /** @default 0.01 */
  readonly alpha?: number | undefined;
  /** @default 0.05 */
  readonly promotionAlpha?: number | undefined;
}

export interface RolloutPlan {
  readonly steps: readonly StepPlan[];
  /** Of a canary as good as stable; `Infinity` if a step never lets it advance. */
  readonly totalMs: number;
  /** Of all steps, with the step's number in front. */
  readonly warnings: readonly string[];
}

/**
 * How long a rollout will take if the canary is as good as stable, and how soon a regression would be caught. Expected times: about half of
 * all rollouts take longer.
 *
 * @example
 * const { totalMs, warnings } = planRollout({
 *   steps: [{ weight: 0.01 }, { weight: 0.25, hold: '10m' }, { weight: 1 }],
 *   callsPerSecond: 20,
 *   errorRate: 0.01,
 * });
 * @throws RangeError for numbers that make no sense
 */
export function planRollout(options: PlanRolloutOptions): RolloutPlan {
  const { callsPerSecond, errorRate, guardrails = { errorRate: {} }, alpha = 0.01, promotionAlpha = 0.05 } = options;
  if (!(callsPerSecond > 0)) throw new RangeError(`callsPerSecond should be above 0, got ${callsPerSecond}`);
  checkAlpha('errorRate', errorRate);
  checkAlpha('alpha', alpha);
  checkAlpha('promotionAlpha', promotionAlpha);
  const steps = options.steps.map((step, index) =>
    planStep({
      weight: checkedWeight(step.weight, index),
      holdMs: checkedHold(step.hold ?? (step.weight === 1 ? SOAK : 0), index),
      minCalls: step.minCalls ?? 0,
      callsPerSecond,
      errorRate,
      guardrails,
      alpha,
      promotionAlpha,
    }),
  );
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

function checkedHold(hold: Duration, index: number): number {
  const holdMs = durationMs(hold);
  if (holdMs !== undefined && holdMs >= 0) return holdMs;
  throw new RangeError(`steps[${index}].hold should be a number of ms or a string like '30s', '4h', got ${hold}`);
}

const SOAK: Duration = '5m';
