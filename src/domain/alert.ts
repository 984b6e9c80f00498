/** Conditions on metrics, and what they lead to. */

/**
 * What a rule can look at: latencies in milliseconds, rates and shares 0–1, money in USD, all else counts of the window.
 * `openBreakers` and `paused` are 0 or 1 for an upstream, and how many there are over all; `budgetUsed` is the largest share spent of a
 * budget for all calls, `exhaustedBudgets` how many amounts of any budget are spent; `rolloutEvidence` is how near a rollout is to taking its canary back, 0–1.
 */
export const ALERT_METRICS = [
  'errorRate',
  'latencyP50',
  'latencyP95',
  'latencyP99',
  'firstChunkP50',
  'firstChunkP95',
  'firstChunkP99',
  'costPerHour',
  'costPerCall',
  'calls',
  'failureRate',
  'fallbackRate',
  'primaryHitRate',
  'attempts',
  'successes',
  'failures',
  'neutral',
  'aborted',
  'retries',
  'fallbacks',
  'brokenToolCalls',
  'inputTokens',
  'outputTokens',
  'cachedInputTokens',
  'costUsd',
  'savingsUsd',
  'unpriced',
  'weight',
  'openBreakers',
  'paused',
  'budgetUsed',
  'exhaustedBudgets',
  'shadowAgreement',
  'rolloutEvidence',
] as const;

/** The name of a metric that a rule can look at. */
export type AlertMetric = (typeof ALERT_METRICS)[number];

/** How urgent an alert is, for whoever is told; the library treats all alike. */
export type Severity = 'info' | 'warning' | 'critical';

/** The value at which a rule fires: beyond it, not at it. */
export type AlertBound = { readonly above: number } | { readonly below: number };

/** A resolved rule. */
export interface AlertRule {
  readonly name: string;
  readonly metric: AlertMetric;
  /** Which upstream's window is looked at; `undefined` looks at all calls. */
  readonly upstream: string | undefined;
  readonly bound: AlertBound;
  /** A rule that fires resolves at this value, on the good side of its bound: what hovers about the bound fires once. */
  readonly clear: number;
  /** How long the condition must hold before the rule fires. */
  readonly forMs: number;
  /** Fewer calls in the window than this never fire the rule. */
  readonly minCalls: number;
  readonly severity: Severity;
  readonly action: 'rollback' | undefined;
}

/** A rule that fires or resolves. */
export interface Alert {
  readonly name: string;
  readonly state: 'firing' | 'resolved';
  readonly metric: AlertMetric | 'auth' | 'quota' | 'sampleRatio';
  readonly upstream: string | undefined;
  /** The metric's value; `null` where no calls are left in the window. */
  readonly value: number | null;
  readonly bound: AlertBound | undefined;
  readonly calls: number;
  readonly severity: Severity;
  readonly atMs: number;
}

/** Where a rule stands. */
export interface AlertStatus {
  readonly name: string;
  readonly metric: AlertMetric;
  readonly upstream: string | undefined;
  /** `pending`: its condition holds, but not yet for long enough. */
  readonly phase: 'inactive' | 'pending' | 'firing';
}

/** `client.canary.alerts`. */
export interface AlertReport {
  /** Every rule, in the order in which they were written. */
  readonly rules: readonly AlertStatus[];
  /** The latest alerts, oldest first: at most 200. */
  readonly history: readonly Alert[];
}
