/** What a user writes about alerts. No logic. */

import type { AlertMetric, Severity } from '../domain/alert.ts';
import type { Duration } from '../domain/duration.ts';

/** A condition on a metric over the window. */
export interface AlertRuleOptions<UpstreamName extends string = string> {
  readonly name: string;
  readonly metric: AlertMetric;
  /** Which upstream's numbers are looked at. @default those of all calls */
  readonly upstream?: UpstreamName | undefined;
  /** Fires while the metric is above this (rates 0–1, latencies ms, money USD). Either `above` or `below`. */
  readonly above?: number | undefined;
  readonly below?: number | undefined;
  /** A rule that fires resolves at this value, on the good side of its bound. @default a tenth of the bound from it; of counts in whole numbers */
  readonly clear?: number | undefined;
  /** How long the condition must hold first. @default 0 */
  readonly for?: Duration | undefined;
  /** Fewer calls in the window never fire the rule. @default 20; for `calls`, and for states of upstreams and budgets, 0 */
  readonly minCalls?: number | undefined;
  /** @default 'warning' */
  readonly severity?: Severity | undefined;
  /** `'rollback'` sets the upstream's weight to 0 and gives its share to the others in proportion to theirs. */
  readonly action?: 'rollback' | undefined;
}

/** Where alerts and rollbacks are told, as they happen. */
export interface WebhookOptions {
  /** Https, or the loopback interface. */
  readonly url: string;
  /** `'json'`: all that the event says; `'slack'`: a message, `{ text }`. @default 'json' */
  readonly format?: 'json' | 'slack' | undefined;
  /**
   * Signs each request: header `x-canary-signature` is `sha256=` and the hexadecimal HMAC-SHA-256, under this secret, of
   * `<x-canary-timestamp>.<body>`. @default none
   */
  readonly secret?: string | undefined;
  /** Time for one try. @default '10s' */
  readonly timeout?: Duration | undefined;
  /** Tries of one notice, with back-off: after no answer, and after status 408, 429 and 5xx. @default 4 */
  readonly attempts?: number | undefined;
}
