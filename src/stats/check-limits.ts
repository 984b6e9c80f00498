/** Checks of the numbers that users pass to the statistics. */

import { metricOf, type Better, type MetricName } from './metric.ts';

/** The options of a guardrail that are checked. */
export interface LimitsToCheck {
  readonly metric: MetricName;
  readonly margin?: number | undefined;
  readonly max?: number | undefined;
  readonly better?: Better | undefined;
}

/** @throws RangeError unless `value` lies strictly between 0 and 1 */
export function checkAlpha(name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw new RangeError(`${name} should be between 0 and 1, got ${value}`);
}

/**
 * @throws RangeError for a margin below 0, for a margin or limit of a rate that is not a share, and for a limit that is
 * not finite
 */
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
