/** Tracing: what follows a call while it runs, in the async context of its caller. Events tell the same facts, but only afterwards. */

import type { AttemptReason, AttemptRecord, CallRecord } from './attempt.ts';
import type { Call, PlanReason } from './call.ts';

/** Follows the calls of a client. Methods that throw are reported once as a `warning`, and never affect a call. */
export interface CallTracer {
  /** A call begins. Called in the async context of the caller. Returns `undefined` for a call that is not followed. */
  begin(call: TracedCall): CallTrace | undefined;
}

/** A call that begins. It has no key. */
export interface TracedCall extends Pick<
  Call,
  'id' | 'surface' | 'paid' | 'method' | 'path' | 'model' | 'stream' | 'task'
> {
  /** The request body as the caller passed it. Do not change it. */
  readonly body: unknown;
}

/** Follows one call. */
export interface CallTrace {
  /** The upstream of the call was chosen. */
  planned(plan: TracedPlan): void;
  /** An attempt begins, or a copy of the call, which may come after the end of the call. Returns `undefined` for one that is not followed. */
  attempt(attempt: TracedAttempt): AttemptTrace | undefined;
  /** The call is over; for a stream, when the stream is. */
  end(record: CallRecord): void;
  /** The call ended with an error before it was planned, so that it has no record. */
  fail(error: unknown): void;
}

/** The plan of a call. */
export interface TracedPlan {
  /** The upstream that the call is assigned to. */
  readonly assigned: string;
  /** The upstream in service. */
  readonly stable: string;
  readonly reason: PlanReason;
}

/** An attempt that begins. */
export interface TracedAttempt {
  readonly upstream: string;
  /** Position within the call, from 0; 0 for a copy. */
  readonly index: number;
  readonly reason: AttemptReason;
  /** The requested model. */
  readonly model: string | undefined;
  /** The address of the upstream. */
  readonly baseURL: string;
  /** What made a fallback or a hedge necessary; `undefined` for other attempts. */
  readonly from: AttemptOrigin | undefined;
}

/** The upstream that an attempt replaces or hedges. */
export interface AttemptOrigin {
  readonly upstream: string;
  /** Why the upstream was left; `slow` for a hedge. */
  readonly reason: string;
}

/** Follows one attempt. */
export interface AttemptTrace {
  /** Called to send the request. Must call `send` once, in the context that the request belongs to, and return its result. */
  run<T>(send: () => T): T;
  /** Reads the answer alongside the caller. */
  readonly reader?: AttemptReader | undefined;
  /** The upstream refused the request, and another one gets it. `end` follows when it is known whose fault the refusal was. */
  hold(): void;
  /** The attempt has ended. */
  end(record: AttemptRecord): void;
}

/** Reads an answer: a stream chunk by chunk, or a whole body. It must not change what it reads. */
export interface AttemptReader {
  chunk(chunk: unknown): void;
  body(body: unknown): void;
}
