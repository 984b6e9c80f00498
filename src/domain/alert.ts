/** Conditions on metrics, and what they lead to. */

/** What a rule can look at. Latencies in milliseconds, rates 0–1, money in USD. */
export type AlertMetric =
  | 'errorRate'
  | 'latencyP50'
  | 'latencyP95'
  | 'latencyP99'
  | 'firstChunkP50'
  | 'firstChunkP95'
  | 'firstChunkP99'
  | 'costPerHour'
  | 'costPerCall'
  | 'calls'
  | 'failureRate'
  | 'fallbackRate'
  | 'primaryHitRate';

/** How urgent an alert is, for whoever is told; the library treats all alike. */
export type Severity = 'info' | 'warning' | 'critical';

/** A resolved rule. */
export interface AlertRule {
  readonly name: string;
  readonly metric: AlertMetric;
  /** Which upstream's window is looked at; `undefined` looks at all calls. */
  readonly upstream: string | undefined;
  readonly bound: { readonly above: number } | { readonly below: number };
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
  readonly metric: AlertMetric | 'auth' | 'quota';
  readonly upstream: string | undefined;
  /** The metric's value; `null` where no calls are left in the window. */
  readonly value: number | null;
  readonly bound: { readonly above: number } | { readonly below: number } | undefined;
  readonly calls: number;
  readonly severity: Severity;
  readonly atMs: number;
}
