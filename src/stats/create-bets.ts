/** Creates the gauge and the bets of a metric. */

import type { Direction } from './arm.ts';
import type { Bet } from './bet.ts';
import { BinBet, CUT_QUANTILES } from './bin-bet.ts';
import { CutsGauge } from './cuts-gauge.ts';
import { LabelBet } from './label-bet.ts';
import { LimitBet } from './limit-bet.ts';
import { badnessOf, shiftOf, type Metric } from './metric.ts';
import { QuantileGauge } from './quantile-gauge.ts';
import { RateGauge } from './rate-gauge.ts';

/** The gauge of one metric: what stable does. */
export type MetricGauge = RateGauge | QuantileGauge | CutsGauge;

/** The limits that a bet tests. */
export interface Limits {
  /** The margin over stable; `undefined` if only `max` counts. */
  readonly margin?: number | undefined;
  /** An absolute limit. */
  readonly max?: number | undefined;
}

/** A gauge without calls. */
export function createGauge(metric: Metric): MetricGauge {
  switch (metric.kind) {
    case 'rate':
      return new RateGauge();
    case 'quantile':
      return new QuantileGauge(metric.quantile);
    case 'distribution':
      return new CutsGauge(CUT_QUANTILES);
    default:
      return metric satisfies never;
  }
}

/** One bet against the margin and one against the limit, as far as they are set. */
export function createBets(metric: Metric, gauge: MetricGauge, direction: Direction, limits: Limits): readonly Bet[] {
  const { margin, max } = limits;
  return [
    ...(margin === undefined ? [] : [createMarginBet(metric, gauge, direction, margin)]),
    ...(max === undefined ? [] : [createLimitBet(metric, direction, max)]),
  ];
}

function createMarginBet(metric: Metric, gauge: MetricGauge, direction: Direction, margin: number): Bet {
  const shift = shiftOf(metric, margin);
  if (gauge instanceof CutsGauge) return new BinBet({ direction, stable: gauge, shift });
  if (gauge instanceof RateGauge) {
    const outcomeOf = (_isCanary: boolean, x: number): number => (x > 0 ? 1 : 0);
    return new LabelBet({ direction, line: { ratio: 1, add: margin }, stable: gauge, outcomeOf });
  }
  const outcomeOf = (isCanary: boolean, x: number): number => {
    const { threshold } = gauge;
    if (threshold === Number.POSITIVE_INFINITY) return -1;
    return (isCanary ? x - shift : x) >= threshold ? 1 : 0;
  };
  return new LabelBet({ direction, line: { ratio: 1, add: 0 }, stable: gauge, outcomeOf });
}

/**
 * A limit on a rate is used directly. A limit on a quantile becomes a limit on the rate of calls above it; for a
 * distribution it limits the median.
 */
export function createLimitBet(metric: Metric, direction: Direction, max: number): LimitBet {
  if (metric.kind === 'rate') return new LimitBet({ direction, rate: max, isBad: (x) => x > 0 });
  const limit = badnessOf(metric, max);
  const rate = metric.kind === 'quantile' ? 1 - metric.quantile : 0.5;
  return new LimitBet({ direction, rate, isBad: (x) => x > limit });
}
