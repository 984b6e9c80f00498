/** A guardrail of an analysis: its guard in both directions and its weight in the verdict. */

import type { GuardOptions } from './analysis-types.ts';
import { checkLimits } from './check-limits.ts';
import type { Limits } from './create-bets.ts';
import { rollbackMargin, stepMargin } from './margins.ts';
import { metricOf } from './metric.ts';
import { MetricGuard } from './metric-guard.ts';

export interface Guarded {
  readonly name: string;
  readonly guard: MetricGuard;
  /** ln of its weight in the mean that decides on rollback; the weights sum to 1. */
  readonly logShare: number;
  /** The limits beyond which the canary is rolled back. */
  readonly rollbackLimits: Limits;
  /** The limits that the canary must meet to leave a step of this weight. */
  promotionLimits(weight: number): Limits;
}

/** @throws RangeError for invalid numbers, and without any guardrail */
export function createGuarded(
  guardrails: Readonly<Partial<Record<string, GuardOptions>>>,
  weight: number,
): readonly Guarded[] {
  const entries = Object.entries(guardrails).flatMap(([name, options]) => (options ? [[name, options] as const] : []));
  if (entries.length === 0) throw new RangeError('guardrails should name at least one metric');
  const total = entries.reduce((sum, [name, options]) => sum + weightOf(name, options), 0);
  return entries.map(([name, options]) => createOne(name, options, weight, weightOf(name, options) / total));
}

/** Errors are the surest sign of harm, and accompany most kinds of it. */
const ERROR_RATE_WEIGHT = 3;

function weightOf(name: string, { weight = name === 'errorRate' ? ERROR_RATE_WEIGHT : 1 }: GuardOptions): number {
  if (weight > 0 && Number.isFinite(weight)) return weight;
  throw new RangeError(`${name}.weight should be above 0, got ${weight}`);
}

function createOne(name: string, options: GuardOptions, weight: number, share: number): Guarded {
  checkLimits({ metric: name, ...options });
  const { margin, max, better } = options;
  const metric = metricOf(name, better);
  const compares = margin !== undefined || max === undefined;
  const limits = (usual: number): Limits => ({ margin: compares ? (margin ?? usual) : undefined, max });
  const promotionLimits = (stepWeight: number): Limits => limits(stepMargin(metric, stepWeight));
  const rollbackLimits = limits(rollbackMargin(metric));
  const guard = new MetricGuard(metric, { worse: rollbackLimits, noWorse: promotionLimits(weight) });
  return { name, guard, logShare: Math.log(share), rollbackLimits, promotionLimits };
}
