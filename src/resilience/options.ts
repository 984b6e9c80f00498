/** What a user writes about how often, how long and how far a call is tried. No logic. */

import type { StreamMode } from '../domain/call.ts';
import type { Duration } from '../domain/duration.ts';
import type { FailureKind } from '../domain/attempt.ts';

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

/**
 * Fallbacks for every failure, or by failure kind. Kinds left out use `default`, but `contextLength` and `contentFilter`: only
 * upstreams named for them are asked. A `badRequest` is the caller's own and asked nowhere else.
 */
export type FallbackOptions<UpstreamName extends string = string> =
  | readonly UpstreamName[]
  | Readonly<Partial<Record<Exclude<FailureKind, 'badRequest'> | 'default', readonly UpstreamName[]>>>;
