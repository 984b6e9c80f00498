/** Who is told of attempts and calls, and who prices them. */

import type { AttemptReason, AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { FallbackEvent, HedgeEvent, RetryEvent } from '../domain/events.ts';
import type { AttemptEnd } from '../upstream/answer.ts';
import type { Failure } from '../upstream/failure.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** Who is told. None of these may throw. */
export interface CallObserver {
  attempt(record: AttemptRecord): void;
  call(record: CallRecord): void;
  retry(event: RetryEvent): void;
  fallback(event: FallbackEvent): void;
  hedge(event: HedgeEvent): void;
  /** The upstream said "not now", or refused the credentials. */
  refused(upstream: Upstream, failure: Failure): void;
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
