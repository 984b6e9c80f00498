/** Who is told of attempts and calls, and who prices them. */

import type { AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { FallbackEvent, HedgeEvent, RateLimitEvent, RetryEvent } from '../domain/events.ts';
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
