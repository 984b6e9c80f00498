/** Who is told of attempts and calls, and who prices them. */

import type { AttemptReason, AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { FallbackEvent, HedgeEvent, RateLimitEvent, RetryEvent } from '../domain/events.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';
import type { Failure } from '../resilience/failure.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** Who is told. None of these may throw. `judged` is what rollouts keep of the call. */
export interface CallObserver {
  attempt(record: AttemptRecord, call: Call, judged: unknown): void;
  call(record: CallRecord, judged: unknown): void;
  /** A call was answered from the cache: it tells nothing about any upstream, and saves money. */
  cached(attempt: AttemptRecord, record: CallRecord, call: Call): void;
  retry(event: RetryEvent): void;
  fallback(event: FallbackEvent): void;
  hedge(event: HedgeEvent, judged: unknown): void;
  /** The upstream said "not now", or refused the credentials. */
  refused(upstream: Upstream, failure: Failure): void;
  /** An upstream is full by its limits. */
  full(event: RateLimitEvent): void;
}

/** An attempt, before its end is known. */
export interface StartedAttempt {
  readonly upstream: string;
  readonly index: number;
  readonly reason: AttemptReason;
  readonly model: string | undefined;
  readonly startedAtMs: number;
}

/** The cost of an attempt, on its upstream and on stable. */
export type Pricing = (
  started: StartedAttempt,
  end: AttemptEnd,
  call: Call,
) => Pick<AttemptRecord, 'cost' | 'stableCostUsd'>;

/** About how many tokens the body of a call is, whole ones; 0 where it is no body of its surface. Never throws. */
export type InputTokensOf = (call: Call, body: unknown) => number;

/**
 * What a call would cost on an upstream, in USD, before it is made: its input by estimate, and all the output that it allows (its
 * limit, else 1,024 tokens; at most the upstream's `maxOutputTokens`; `n` times) at the upstream's price for the model it would get,
 * nothing of it cached. `undefined` where no price is known. Never throws.
 */
export type EstimateCostUsd = (upstream: string, call: Call, body: unknown) => number | undefined;

/** Whether the price of a call on an upstream is known before it is made. */
export type IsPriced = (upstream: string, call: Call) => boolean;
