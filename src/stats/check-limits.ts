/** Refuses numbers that make no sense. */

import { metricOf, type Better, type MetricName } from './metric.ts';

/** What a guardrail may be told. */
export interface LimitsToCheck {
  readonly metric: MetricName;
  readonly margin?: number | undefined;
  readonly max?: number | undefined;
  readonly better?: Better | undefined;
}

/** @throws RangeError unless `value` lies between 0 and 1 and is neither */
export function checkAlpha(name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw new RangeError(`${name} should be between 0 and 1, got ${value}`);
}

/** @throws RangeError for a margin below 0, a rate's margin or limit that is no share, and a limit that is no number */
export function checkLimits({ metric, margin, max, better }: LimitsToCheck): void {
  const { kind } = metricOf(metric, better);
  if (margin !== undefined && !(margin >= 0 && margin < (kind === 'rate' ? 1 : Infinity))) {
    throw new RangeError(
      `${metric}.margin should be ${kind === 'rate' ? 'from 0 to below 1' : 'at least 0'}, got ${margin}`,
    );
  }
  if (max === undefined) return;
  if (kind === 'rate') checkAlpha(`${metric}.max`, max);
  else if (!Number.isFinite(max)) throw new RangeError(`${metric}.max should be a number, got ${max}`);
}
