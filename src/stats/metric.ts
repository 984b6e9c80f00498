/** The metrics, and which of their values are worse. */

/**
 * A metric of judged calls: `errorRate` 0–1, latencies in ms, cost in USD, `quality` as a score. Any other name is an
 * application metric.
 */
export type MetricName =
  | 'errorRate'
  | 'latencyP50'
  | 'latencyP95'
  | 'latencyP99'
  | 'firstChunkP95'
  | 'latency'
  | 'costPerCall'
  | 'quality'
  // Keeps the names above as completions in editors.
  | (string & Record<never, never>);

/** Which values are better. The user sets it for application metrics. */
export type Better = 'lower' | 'higher';

/** How a metric is judged. */
export type Metric =
  | { readonly kind: 'rate' }
  | { readonly kind: 'quantile'; readonly quantile: number }
  | { readonly kind: 'distribution'; readonly scale: 'ratio' | 'plain'; readonly better: Better };

/**
 * @param better which values of an application metric are better
 * @default better 'lower'
 */
export function metricOf(name: MetricName, better: Better = 'lower'): Metric {
  const quantile = QUANTILES[name];
  if (name === 'errorRate') return { kind: 'rate' };
  if (quantile !== undefined) return { kind: 'quantile', quantile };
  if (name === 'latency' || name === 'costPerCall') return { kind: 'distribution', scale: 'ratio', better: 'lower' };
  return { kind: 'distribution', scale: 'plain', better: name === 'quality' ? 'higher' : better };
}

/**
 * The badness of a value: higher is worse. For latency and cost it is the binary logarithm, so that a relative margin
 * is a shift.
 */
export function badnessOf(metric: Metric, value: number | boolean): number {
  const number = Number(value);
  if (metric.kind === 'rate') return number > 0 ? 1 : 0;
  if (metric.kind === 'quantile' || metric.scale === 'ratio') return Math.log2(Math.max(0, number));
  return metric.better === 'higher' ? -number : number;
}

/** The amount that a margin subtracts from the canary's badness; 0 for rates, whose margin is part of the bet. */
export function shiftOf(metric: Metric, margin: number): number {
  if (metric.kind === 'rate') return 0;
  return metric.kind === 'quantile' || metric.scale === 'ratio' ? Math.log2(1 + margin) : margin;
}

const QUANTILES: Readonly<Record<string, number>> = {
  latencyP50: 0.5,
  latencyP95: 0.95,
  latencyP99: 0.99,
  firstChunkP95: 0.95,
};
