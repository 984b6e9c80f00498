/** Where the results and events of calls are reported. */

import type { AssignmentRecord } from '../domain/assignment.ts';
import type { AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { FallbackEvent, HedgeEvent, RateLimitEvent, RetryEvent } from '../domain/events.ts';
import type { Failure } from '../resilience/failure.ts';
import type { ModelState } from '../resilience/model-states.ts';

/** The methods must not throw. */
export interface CallObserver {
  attempt(record: AttemptRecord, call: Call): void;
  /** The end of the call's assignment is certain, maybe before the call is over. `judged` is what rollouts keep of the call. */
  assignment(record: AssignmentRecord, judged: unknown): void;
  call(record: CallRecord): void;
  /** A call was answered from the cache. It says nothing about an upstream, but counts as money saved. */
  cached(attempt: AttemptRecord, record: CallRecord, call: Call): void;
  retry(event: RetryEvent): void;
  fallback(event: FallbackEvent): void;
  hedge(event: HedgeEvent): void;
  /** An attempt failed. A rate limit pauses the model; a refusal for quota or credentials pauses the upstream. */
  refused(upstream: string, model: ModelState, failure: Failure): void;
  /** A stream of `upstream` ended with `[DONE]` and without a `finish_reason`, and was taken for complete. */
  missesFinishReason(upstream: string): void;
  /** The user's `accept` failed, so the answer was accepted. */
  acceptFailed(problem: string): void;
  /** A background response, which `record` created without usage, has been counted by a poll. */
  metered(record: AttemptRecord): void;
  /** An upstream has reached one of its limits. */
  full(event: RateLimitEvent): void;
}
