/** What a user writes under `canary`. No logic; `resolve-options.ts` turns it into what the engine needs. */

import type { AlertMetric, Severity } from './domain/alert.ts';
import type { AttributeValue, Call, StreamMode } from './domain/call.ts';
import type { Clock } from './domain/clock.ts';
import type { Duration } from './domain/duration.ts';
import type { FailureKind } from './domain/outcome.ts';
import type { Price } from './domain/usage.ts';
import type { UpstreamOptions } from './upstream-options.ts';

/** Retries on the same upstream, and the budget of everything beyond the first attempt. */
export interface RetryOptions {
  /**
   * Extra attempts a call may take: retries, fallbacks and a hedge together. On one upstream it is asked again at most the SDK's
   * `maxRetries` times. @default the client's `maxRetries`, at least 2
   */
  readonly attempts?: number | undefined;
  /** The first back-off's upper bound; it doubles with each retry (full jitter). @default '250ms' */
  readonly minDelay?: Duration | undefined;
  /** The largest back-off. @default '8s' */
  readonly maxDelay?: Duration | undefined;
  /** Extra load that retries may cause, as a share of calls, 0–1. @default 0.2 */
  readonly budget?: number | undefined;
}

/** When an upstream is taken out of service, and how it comes back. */
export interface BreakerOptions {
  /** Opens at this error rate over `window`, 0–1. @default 0.5 */
  readonly errorRate?: number | undefined;
  /** @default '30s' */
  readonly window?: Duration | undefined;
  /** Fewer calls in the window never open it by rate. @default 20 */
  readonly minCalls?: number | undefined;
  /** Opens after this many failures in a row. @default 5 */
  readonly consecutive?: number | undefined;
  /** Time open before a probe is let through; doubles with each re-opening. @default '10s' */
  readonly openFor?: Duration | undefined;
  /** @default '5m' */
  readonly maxOpenFor?: Duration | undefined;
  /** Successes in a row, one call at a time, that close it again. @default 3 */
  readonly probes?: number | undefined;
}

/** How long a call may take. */
export interface TimeoutOptions {
  /** The time budget of a whole call, retries and fallbacks included. @default '10m', or the client's `timeout` if that is longer */
  readonly deadline?: Duration | undefined;
  /** The longest wait for the first content of a stream, from its dispatch. @default '30s' */
  readonly firstChunk?: Duration | undefined;
  /** The longest wait for each chunk after it. @default '30s' */
  readonly idle?: Duration | undefined;
}

/** A second upstream beside one that takes long to begin. */
export interface HedgeOptions {
  /** How long the first may take to begin: a duration, or the p95 of its own window. */
  readonly after: 'p95' | Duration;
  /** Hedges as a share of calls, 0–1. @default 0.05 */
  readonly maxShare?: number | undefined;
}

/** When streams are given to their callers. */
export interface StreamOptions {
  /** @default 'committed' */
  readonly mode?: StreamMode | undefined;
  /** How much of a buffered stream is held back, in bytes, about; a longer one is given from there on. @default 4 MiB */
  readonly maxBufferBytes?: number | undefined;
}

/** Attribute conditions that decide before the split does; the first match wins. */
export interface SegmentOptions<UpstreamName extends string = string> {
  /** Every attribute must equal the value, or one of the values. */
  readonly when: Readonly<Record<string, AttributeValue | readonly AttributeValue[]>>;
  readonly upstream: UpstreamName;
}

/** A condition on a metric over the window. */
export interface AlertRuleOptions<UpstreamName extends string = string> {
  readonly name: string;
  readonly metric: AlertMetric;
  /** Which upstream's numbers are looked at. @default those of all calls */
  readonly upstream?: UpstreamName | undefined;
  /** Fires while the metric is above this (rates 0–1, latencies ms, money USD). Either `above` or `below`. */
  readonly above?: number | undefined;
  readonly below?: number | undefined;
  /** How long the condition must hold first. @default 0 */
  readonly for?: Duration | undefined;
  /** Fewer calls in the window never fire the rule. @default 20, for the metric `calls` 0 */
  readonly minCalls?: number | undefined;
  /** @default 'warning' */
  readonly severity?: Severity | undefined;
  /** `'rollback'` sets the upstream's weight to 0 and gives its share to the others in proportion to theirs. */
  readonly action?: 'rollback' | undefined;
}

/**
 * Fallbacks for every failure, or by failure kind. Kinds left out use `default`, but `contextLength` and `contentFilter`: only
 * upstreams named for them are asked. A `badRequest` is the caller's own and asked nowhere else.
 */
export type FallbackOptions<UpstreamName extends string = string> =
  | readonly UpstreamName[]
  | Readonly<Partial<Record<Exclude<FailureKind, 'badRequest'> | 'default', readonly UpstreamName[]>>>;

/** The view of a call that a `key` function gets. */
export interface KeyContext extends Pick<Call, 'surface' | 'model' | 'task' | 'attributes'> {
  /** The request's body, as the caller passed it. */
  readonly body: unknown;
}

/** A logger as the SDK takes it. */
export interface Logger {
  warn(message: string, ...rest: unknown[]): void;
}

/** Everything under `canary`. A section left out is a part not built. */
export interface CanaryOptions<UpstreamName extends string = string, StableName extends string = string> {
  /** Name of the upstream that the client's own options describe. @default 'openai' */
  readonly name?: StableName | undefined;
  readonly upstreams?: Readonly<Record<UpstreamName, UpstreamOptions>> | undefined;
  /** Any non-negative numbers; normalised. @default all on stable */
  readonly weights?: Readonly<Partial<Record<NoInfer<UpstreamName | StableName>, number>>> | undefined;
  /** The upstream in service. @default `name` */
  readonly stable?: NoInfer<UpstreamName | StableName> | undefined;
  /**
   * The identity that must keep its upstream, where the call itself names none (`route({ key })`, `canary.run`, header
   * `x-canary-key`). `undefined` goes on to the body's `safety_identifier`, `prompt_cache_key` and `user`, then to the
   * opening of the conversation.
   */
  readonly key?: ((call: KeyContext) => string | undefined) | undefined;
  /** Mixed into every hash, so that two splits choose independently. @default 'canary' */
  readonly salt?: string | undefined;
  readonly segments?: readonly SegmentOptions<NoInfer<UpstreamName | StableName>>[] | undefined;
  /** @default stable, for calls that are not on stable */
  readonly fallbacks?: FallbackOptions<NoInfer<UpstreamName | StableName>> | undefined;
  readonly retry?: RetryOptions | undefined;
  /** `false` builds none. */
  readonly breaker?: BreakerOptions | false | undefined;
  readonly timeouts?: TimeoutOptions | undefined;
  /** @default 'committed': a stream is given from its first content on */
  readonly stream?: StreamMode | StreamOptions | undefined;
  /** @default none */
  readonly hedge?: HedgeOptions | undefined;
  /** Prices by upstream; they win over the table. */
  readonly prices?: Readonly<Partial<Record<NoInfer<UpstreamName | StableName>, Price | readonly Price[]>>> | undefined;
  readonly alerts?: readonly AlertRuleOptions<NoInfer<UpstreamName | StableName>>[] | undefined;
  /** The sliding window of metrics. @default '5m' */
  readonly window?: Duration | undefined;
  /** How often `metrics` is emitted and alert rules are looked at. @default '30s' */
  readonly metricsInterval?: Duration | undefined;
  /** @default the system's clock, which never goes backwards */
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Gets warnings that no `warning` listener took. @default the client's `logger` */
  readonly logger?: Logger | undefined;
}
