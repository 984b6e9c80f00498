/** The default margins: how much worse a canary may be if the user does not say. */

import type { Metric } from './metric.ts';

/** The margin for a rollback: 0 for error rates, 0.2 (relative) for latency and cost, 0.05 (absolute) for scores. */
export function rollbackMargin(metric: Metric): number {
  return budgetOf(metric).rollback;
}

/**
 * The margin for a promotion from a step of this weight: a damage budget divided by the weight. The harm that a wrong
 * promotion could do is then the same at each step, and small weights need little proof.
 */
export function stepMargin(metric: Metric, weight: number): number {
  const { damage, least, most } = budgetOf(metric);
  return Math.min(most, Math.max(least, damage / weight));
}

interface DamageBudget {
  readonly rollback: number;
  /** Extra badness times weight. */
  readonly damage: number;
  readonly least: number;
  readonly most: number;
}

function budgetOf(metric: Metric): DamageBudget {
  if (metric.kind === 'rate') return RATE;
  return metric.kind === 'quantile' || metric.scale === 'ratio' ? RATIO : SCORE;
}

/** `damage`: 0.2 percentage points of error rate over all traffic. */
const RATE: DamageBudget = { rollback: 0, damage: 0.002, least: 0.004, most: 0.1 };
const RATIO: DamageBudget = { rollback: 0.2, damage: 0.05, least: 0.2, most: 1 };
const SCORE: DamageBudget = { rollback: 0.05, damage: 0.0125, least: 0.05, most: 0.5 };
