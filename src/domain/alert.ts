/** Alert rules: conditions on metrics, and the alerts that they raise. */

/** What a metric measures, and how a rule on it behaves. */
interface MetricTraits {
  /** `rate`: a share, 0–1. `ratio`: a share that may exceed 1. `count`: a whole number. */
  readonly unit: 'rate' | 'ratio' | 'ms' | 'usd' | 'tokens' | 'count';
  /** Upstream windows keep the metric as a counter of the same name. */
  readonly counter?: true;
  /** The metric has a meaning for an upstream without calls, so `minCalls` defaults to 0. */
  readonly withoutCalls?: true;
}

/**
 * The metrics that a rule can watch. Counts, tokens and USD are those of the window.
 *
 * - `openBreakers` and `paused`: 0 or 1 for one upstream, the number of such upstreams over all calls.
 * - `up`: 1 for one upstream, 0 while its health is `down`; the share of upstreams that are up over all calls.
 * - `latencyToTarget`: the p95 latency divided by the `targetLatency` of the upstream; the highest of all upstreams over
 *   all calls.
 * - `budgetUsed`: the largest spent share of a budget for all calls.
 * - `exhaustedBudgets`: how many amounts of any budget are spent.
 * - `quality`: the mean of what `canary.record(call, { quality })` gave for the calls of the upstream; the lowest of all
 *   upstreams over all calls.
 * - `rolloutEvidence`: how close a rollout is to rolling its canary back.
 */
const METRICS = {
  errorRate: { unit: 'rate' },
  latencyP50: { unit: 'ms' },
  latencyP95: { unit: 'ms' },
  latencyP99: { unit: 'ms' },
  firstChunkP50: { unit: 'ms' },
  firstChunkP95: { unit: 'ms' },
  firstChunkP99: { unit: 'ms' },
  costPerHour: { unit: 'usd' },
  costPerCall: { unit: 'usd' },
  calls: { unit: 'count', counter: true, withoutCalls: true },
  failureRate: { unit: 'rate' },
  fallbackRate: { unit: 'rate' },
  primaryHitRate: { unit: 'rate' },
  attempts: { unit: 'count', counter: true },
  successes: { unit: 'count', counter: true },
  failures: { unit: 'count', counter: true },
  neutral: { unit: 'count', counter: true },
  aborted: { unit: 'count', counter: true },
  retries: { unit: 'count', counter: true },
  fallbacks: { unit: 'count', counter: true },
  brokenToolCalls: { unit: 'count', counter: true },
  inputTokens: { unit: 'tokens', counter: true },
  outputTokens: { unit: 'tokens', counter: true },
  cachedInputTokens: { unit: 'tokens', counter: true },
  costUsd: { unit: 'usd', counter: true },
  savingsUsd: { unit: 'usd', counter: true },
  unpriced: { unit: 'count', counter: true },
  weight: { unit: 'rate', withoutCalls: true },
  openBreakers: { unit: 'count', withoutCalls: true },
  paused: { unit: 'count', withoutCalls: true },
  up: { unit: 'rate', withoutCalls: true },
  latencyToTarget: { unit: 'ratio' },
  budgetUsed: { unit: 'ratio', withoutCalls: true },
  exhaustedBudgets: { unit: 'count', withoutCalls: true },
  shadowAgreement: { unit: 'rate' },
  quality: { unit: 'ratio' },
  rolloutEvidence: { unit: 'rate' },
} as const satisfies Readonly<Record<string, MetricTraits>>;

/** The name of a metric that a rule can watch. */
export type AlertMetric = keyof typeof METRICS;

// `Object.keys` widens to `string`: the keys are those of the table.
export const ALERT_METRICS = Object.keys(METRICS) as readonly AlertMetric[];

/** A metric that upstream windows keep as a counter. */
export type CounterMetric = {
  [Metric in AlertMetric]: (typeof METRICS)[Metric] extends { readonly counter: true } ? Metric : never;
}[AlertMetric];

export const COUNTER_METRICS = ALERT_METRICS.filter(
  (metric): metric is CounterMetric => metricTraits(metric).counter === true,
);

export function metricTraits(metric: AlertMetric): MetricTraits {
  return METRICS[metric];
}

/** How urgent an alert is, for its receiver. The library treats all severities alike. */
export type Severity = 'info' | 'warning' | 'critical';

/** The bound of a rule. The rule fires beyond the value, not at it. */
export type AlertBound = { readonly above: number } | { readonly below: number };

/** An alert rule with all defaults filled in. */
export interface AlertRule {
  readonly name: string;
  readonly metric: AlertMetric;
  /** The upstream whose window the rule watches; `undefined` watches all calls. */
  readonly upstream: string | undefined;
  readonly bound: AlertBound;
  /**
   * A firing rule resolves at this value, on the good side of its bound. A metric that hovers around the bound
   * therefore fires once.
   */
  readonly clear: number;
  /** How long the condition must hold before the rule fires, in ms. */
  readonly forMs: number;
  /** The rule does not fire with fewer calls in the window. */
  readonly minCalls: number;
  readonly severity: Severity;
  readonly action: 'rollback' | undefined;
}

/** An alert fires or resolves. */
export interface Alert {
  readonly name: string;
  readonly state: 'firing' | 'resolved';
  /** `guardrail`: a guardrail in dry run. */
  readonly metric: AlertMetric | 'auth' | 'quota' | 'sampleRatio' | 'guardrail';
  readonly upstream: string | undefined;
  /** The value of the metric; `null` if the window has no calls left. */
  readonly value: number | null;
  readonly bound: AlertBound | undefined;
  readonly calls: number;
  readonly severity: Severity;
  /** In words, for an alert that no rule raised. */
  readonly reason?: string | undefined;
  readonly atMs: number;
}

/** The state of a rule. */
export interface AlertStatus {
  readonly name: string;
  readonly metric: AlertMetric;
  readonly upstream: string | undefined;
  /** `pending`: the condition holds, but not yet for `forMs`. */
  readonly phase: 'inactive' | 'pending' | 'firing';
}

/** The result of `client.canary.alerts`. */
export interface AlertReport {
  /** All rules, in the order of the options. */
  readonly rules: readonly AlertStatus[];
  /** The latest 200 alerts, oldest first. */
  readonly history: readonly Alert[];
}
