/** The options of retries, breaker, time-outs, hedging, streams and fallbacks. No logic. */

import type { StreamMode } from '../domain/call.ts';
import type { Duration } from '../domain/duration.ts';
import type { FailureKind } from '../domain/attempt.ts';

/** Retries on the same upstream, and the budget for all attempts beyond the first. */
export interface RetryOptions {
  /**
   * Extra attempts of a call: retries, fallbacks and a hedge together. One upstream is retried at most as often as the SDK's
   * `maxRetries` allows. @default `maxRetries` plus the number of other upstreams that may serve the call
   */
  readonly attempts?: number | undefined;
  /** The first back-off; it doubles with each retry, and up to a quarter of it is left out at random. @default '500ms' */
  readonly minDelay?: Duration | undefined;
  /** Upper bound of every back-off. @default '8s' */
  readonly maxDelay?: Duration | undefined;
  /** Retries over all calls where another upstream could serve, as a share of calls, 0–1. @default 0.2 */
  readonly budget?: number | undefined;
  /**
   * The longest wait that an upstream may ask for (`Retry-After`) for which a caller is kept. A longer one fails at once with the provider's
   * error, unless another upstream can serve. @default '60s'
   */
  readonly maxRetryAfter?: Duration | undefined;
  /**
   * Failure kinds that fall back to the default fallbacks although the same result is to be expected there. @default []
   */
  readonly fallBackOn?: readonly ('contextLength' | 'contentFilter')[] | undefined;
}

/** When the breaker takes a model of an upstream out of service, and how it returns. Each model has a breaker of its own. */
export interface BreakerOptions {
  /** The breaker opens at this error rate over `window`, 0–1. @default 0.5 */
  readonly errorRate?: number | undefined;
  /** Length of the sliding window. @default '30s' */
  readonly window?: Duration | undefined;
  /** The fewest calls in the window that can open the breaker by error rate. @default 20 */
  readonly minCalls?: number | undefined;
  /** The breaker opens after this many failures in a row. @default 5 */
  readonly consecutive?: number | undefined;
  /** Time open before a probe is let through; it doubles each time the breaker opens again without a healthy spell between. @default '5s' */
  readonly openFor?: Duration | undefined;
  /** The longest open time: an upstream that has recovered is tried again within it. @default '15s', or `openFor` if that is longer */
  readonly maxOpenFor?: Duration | undefined;
  /** Successes in a row, one call at a time, that close the breaker again. @default 3 */
  readonly probes?: number | undefined;
}

/** How long a call may take. */
export interface TimeoutOptions {
  /** The time budget of a whole call, retries and fallbacks included. @default none: the client's `timeout` limits each attempt */
  readonly deadline?: Duration | undefined;
  /**
   * The longest silence of a stream before the first sign of an answer, from its dispatch on. Any byte ends a silence, also that of a
   * comment or of a keep-alive event. Once it has its headers, a response in the background has no such limit. @default unlimited
   */
  readonly firstChunk?: Duration | undefined;
  /** The longest silence of a stream after that. Any byte ends a silence. A response in the background has no limit. @default unlimited */
  readonly idle?: Duration | undefined;
}

/** A second upstream that is tried beside a slow one. */
export interface HedgeOptions {
  /** How long the first upstream may take to begin its answer: a duration, or the p95 of its own window. */
  readonly after: 'p95' | Duration;
  /** Hedges as a share of calls, 0–1. @default 0.05 */
  readonly maxShare?: number | undefined;
}

/** When a stream is handed to its caller. */
export interface StreamOptions {
  /**
   * From the first sign of an answer on, or at once where no other upstream could take over (`'committed'`); or once it is complete
   * (`'buffered'`). @default 'committed'
   */
  readonly mode?: StreamMode | undefined;
  /** About how many bytes of a buffered stream are held back; a longer stream is handed over from there on. @default 4 MiB */
  readonly maxBufferBytes?: number | undefined;
}

/**
 * Upstreams to fall back to after every failure, or by failure kind. Kinds that are left out use `default`, except
 * `contextLength` and `contentFilter`, which fall back only to upstreams named for them. A `badRequest` and a `conflict` have no
 * fallbacks of their own.
 */
export type FallbackOptions<UpstreamName extends string = string> =
  | readonly UpstreamName[]
  | Readonly<Partial<Record<Exclude<FailureKind, 'badRequest' | 'conflict'> | 'default', readonly UpstreamName[]>>>;
