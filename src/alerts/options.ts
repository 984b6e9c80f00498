/** The options `canary.alerts` and `canary.webhook`. */

import type { AlertMetric, Severity } from '../domain/alert.ts';
import type { Duration } from '../domain/duration.ts';

/** A condition on a metric over the window. */
export interface AlertRuleOptions<UpstreamName extends string = string> {
  /** Unique among the rules. */
  readonly name: string;
  readonly metric: AlertMetric;
  /** The upstream whose metric is watched. @default all calls */
  readonly upstream?: UpstreamName | undefined;
  /** Fires while the metric is above this: rates 0–1, latencies in ms, costs in USD. Set either `above` or `below`. */
  readonly above?: number | undefined;
  /** Fires while the metric is below this. */
  readonly below?: number | undefined;
  /**
   * A firing rule resolves once the metric is back at this value, on the good side of the bound.
   * @default 10 % on the good side of the bound; for a rate with `below` 10 % of the way to 1; for counts rounded towards the bound
   */
  readonly clear?: number | undefined;
  /** How long the condition must hold before the rule fires. @default 0 */
  readonly for?: Duration | undefined;
  /** The rule does not fire with fewer calls in the window. @default 20; 0 for `calls`, `weight`, `openBreakers`, `paused` and budgets */
  readonly minCalls?: number | undefined;
  /** @default 'warning' */
  readonly severity?: Severity | undefined;
  /** `'rollback'` sets the weight of the upstream to 0 and divides its share among the others by their weights. @default only an alert */
  readonly action?: 'rollback' | undefined;
}

/** A URL that receives alerts and rollbacks as they happen. */
export interface WebhookOptions {
  /** An https URL, or http on the loopback interface. */
  readonly url: string;
  /**
   * `'json'` sends the event, `'slack'` a message `{ text }`, `'pagerduty'` an event of its Events API v2, `'cloudevents'` the event in an envelope
   * of CloudEvents 1.0.
   * @default 'json'
   */
  readonly format?: 'json' | 'slack' | 'pagerduty' | 'cloudevents' | undefined;
  /** The integration key of PagerDuty, for this format only. It is sent in the body and never shown. @default no key */
  readonly routingKey?: string | undefined;
  /**
   * Signs each request. The header `x-canary-signature` is `sha256=` followed by the hexadecimal HMAC-SHA-256 of
   * `<x-canary-timestamp>.<body>` with this secret. @default no signature
   */
  readonly secret?: string | undefined;
  /** The time limit of one attempt. @default '10s' */
  readonly timeout?: Duration | undefined;
  /** Attempts per notice, 1–10, with backoff. Retries a missing answer and status 408, 429 and 5xx. @default 4 */
  readonly attempts?: number | undefined;
}
