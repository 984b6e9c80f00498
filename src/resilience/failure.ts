/** Classifies a failed attempt: what follows for its call, and for the upstream's breaker. */

import type { FailureKind, Outcome, TimeoutPhase } from '../domain/attempt.ts';
import { DeadlineError, UpstreamTimeoutError } from '../domain/errors.ts';
import { kindOfResponse } from './failure-kind.ts';
import { type ErrorResponse, readSdkError, readTransportError } from './read-error.ts';
import { rateLimitWaitMs, retryAfterMs, statedWaitMs } from './retry-after.ts';

/** How an attempt may end other than by success. */
export type FailedOutcome = Exclude<Outcome, 'success'>;

export interface FailureRule {
  /** For windows and ledger. */
  readonly outcome: FailedOutcome;
  /** For the breaker. Rate limits, quota and credentials are `neutral` there: they pause the upstream instead. */
  readonly breakerOutcome: FailedOutcome;
  /** The same upstream is retried once after a back-off, before the call falls back to another that can serve it. */
  readonly retrySame: boolean;
  /** The same upstream is retried where no other can serve the call, as the SDK would. */
  readonly retryAlone: boolean;
  /** The call may fall back to the next upstream; after `contextLength` and `contentFilter` only to one named for these. */
  readonly tryNext: boolean;
}

/** A failed attempt, and what follows from it. */
export interface Failure extends FailureRule {
  /** `undefined` when the caller aborted, or its own code threw. */
  readonly kind: FailureKind | undefined;
  /** HTTP status, where the failure was a response. */
  readonly status: number | undefined;
  /** Set for a time-out on our side, not for a 408. */
  readonly phase: TimeoutPhase | undefined;
  /** How long the upstream asks to be left alone, in ms, 0 to an hour; `undefined` when it does not say. */
  readonly retryAfterMs: number | undefined;
  /** Why `accept` rejected the answer; absent for every other failure. */
  readonly rejection?: string | undefined;
  /** The value of the header `x-should-retry`; `retrySame` and `retryAlone` already follow it. */
  readonly shouldRetry: boolean | undefined;
}

export interface FailureContext {
  /** The caller's own signal. Once it is aborted the attempt counts as aborted, whatever it threw. */
  readonly signal?: AbortSignal | null | undefined;
  /** Ms since the Unix epoch. Without it, a `retry-after` date counts only if the response has a `date` header. */
  readonly nowMs?: number | undefined;
  /** The phase of our own time limit, if that ended the attempt. */
  readonly phase?: TimeoutPhase | undefined;
}

const TRANSIENT: FailureRule = {
  outcome: 'failure',
  breakerOutcome: 'failure',
  retrySame: true,
  retryAlone: true,
  tryNext: true,
};
const REFUSED: FailureRule = {
  outcome: 'failure',
  breakerOutcome: 'neutral',
  retrySame: false,
  retryAlone: false,
  tryNext: true,
};

/** The caller's own fault: it says nothing about the upstream, and another upstream would not help. */
const CALLERS_FAULT: FailureRule = {
  outcome: 'neutral',
  breakerOutcome: 'neutral',
  retrySame: false,
  retryAlone: false,
  tryNext: false,
};

/** What follows from each failure kind, as long as no content has been passed on to the caller. */
const FAILURE_RULES: Readonly<Record<FailureKind, FailureRule>> = {
  connection: TRANSIENT,
  server: TRANSIENT,
  timeout: TRANSIENT,
  malformed: TRANSIENT,
  truncated: TRANSIENT,
  rateLimit: { ...REFUSED, retryAlone: true },
  quota: REFUSED,
  auth: REFUSED,
  forbidden: { ...CALLERS_FAULT, tryNext: true },
  modelNotFound: { ...CALLERS_FAULT, tryNext: true },
  contextLength: { ...CALLERS_FAULT, tryNext: true },
  contentFilter: { ...CALLERS_FAULT, tryNext: true },
  conflict: { ...CALLERS_FAULT, retrySame: true, retryAlone: true },
  badRequest: CALLERS_FAULT,
};

const BARE = { kind: undefined, status: undefined, phase: undefined, retryAfterMs: undefined, shouldRetry: undefined };

/** Kinds that say "not this request": the upstream refused what another one may serve. */
const REFUSALS: ReadonlySet<FailureKind> = new Set<FailureKind>([
  'badRequest',
  'modelNotFound',
  'contextLength',
  'forbidden',
  'conflict',
]);

/** Whether the upstream refused the request itself. A refusal that stable does not share is the fault of the upstream. */
export function isRefusal({ kind }: Failure): boolean {
  return kind !== undefined && REFUSALS.has(kind);
}

/** The caller aborted: nothing is retried, and nothing counts against the upstream. */
export const ABORTED: Failure = {
  ...BARE,
  outcome: 'aborted',
  breakerOutcome: 'aborted',
  retrySame: false,
  retryAlone: false,
  tryNext: false,
};

const UNCLASSIFIED: Failure = { ...BARE, ...CALLERS_FAULT };

/** The stream ended before its answer did. A retry is possible only before the first content. */
export const TRUNCATED: Failure = failureOf('truncated');

/** A complete body under a 2xx status that is not an answer. */
export const MALFORMED: Failure = failureOf('malformed');

/** An answer that the user's `accept` rejected: as malformed, though a caller can read it. */
export function rejectedFor(reason: string): Failure {
  return { ...MALFORMED, rejection: reason };
}

/**
 * A `forbidden` in a row of them without a success between: the upstream, not one prompt, is refused. Its key or its address may be on a
 * list.
 */
export function asUpstreamsFault(failure: Failure): Failure {
  return { ...failure, outcome: 'failure', breakerOutcome: 'failure' };
}

/** An answer that the provider cut off for its content: not the upstream's fault. */
export const FILTERED: Failure = failureOf('contentFilter');

/**
 * Classifies whatever an attempt threw. An unknown error came from the caller's own code, such as an `apiKey` function: it is
 * neutral, and no other upstream is tried.
 */
export function classifyFailure(error: unknown, context: FailureContext = {}): Failure {
  if (context.signal?.aborted) return ABORTED;
  if (context.phase !== undefined) return timedOut(context.phase);
  if (error instanceof DeadlineError) return timedOut('deadline');
  if (error instanceof UpstreamTimeoutError) return timedOut(error.phase);
  const sdkError = readSdkError(error);
  switch (sdkError?.is) {
    case 'aborted':
      return ABORTED;
    case 'timeout':
      return timedOut('headers');
    case 'connection':
      return failureOf('connection');
    case 'credentials':
      return { ...failureOf('auth'), status: sdkError.response.status };
    case 'response':
      return failedResponse(sdkError.response, context.nowMs);
    case 'local':
      return UNCLASSIFIED;
    case undefined:
      return transportFailure(error);
    default:
      return sdkError satisfies never;
  }
}

/** A failure of which only the kind is known. */
function failureOf(kind: FailureKind): Failure {
  return { ...BARE, ...FAILURE_RULES[kind], kind };
}

/** A silent upstream is not waited for twice while another can serve, and after the call's deadline no upstream can help. */
function timedOut(phase: TimeoutPhase): Failure {
  const isOver = phase === 'deadline';
  return { ...failureOf('timeout'), phase, retrySame: false, retryAlone: !isOver, tryNext: !isOver };
}

function failedResponse(response: ErrorResponse, nowMs: number | undefined): Failure {
  const failure = failureOf(kindOfResponse(response));
  const shouldRetry = shouldRetryOf(response);
  return {
    ...failure,
    status: response.status,
    retryAfterMs: waitMsOf(response, failure.kind, nowMs),
    shouldRetry,
    retrySame: shouldRetry ?? failure.retrySame,
    retryAlone: shouldRetry ?? (failure.retryAlone || sdkRetries(response.status)),
  };
}

/** Whether the SDK retries a status, whatever the body says: a relay may call a passing trouble by another name. */
function sdkRetries(status: number | undefined): boolean {
  return status !== undefined && (status === 408 || status === 409 || status === 429 || status >= 500);
}

/** Without a status the error came inside a stream, whose headers were sent before: they do not describe it, and some 200s have a `retry-after`. */
function waitMsOf(
  response: ErrorResponse,
  kind: FailureKind | undefined,
  nowMs: number | undefined,
): number | undefined {
  const { status, headers } = response;
  // Providers send the resets of their limits on every response; only a rate limit has to wait for them.
  if (kind !== 'rateLimit') return status === undefined ? undefined : retryAfterMs(headers, nowMs);
  const statedMs = statedWaitMs(response.text, response.body);
  return status === undefined ? statedMs : rateLimitWaitMs(headers, nowMs, statedMs);
}

function shouldRetryOf({ status, headers }: ErrorResponse): boolean | undefined {
  const value = status === undefined ? undefined : headers?.get('x-should-retry');
  if (value === 'true') return true;
  return value === 'false' ? false : undefined;
}

function transportFailure(error: unknown): Failure {
  const transportError = readTransportError(error);
  switch (transportError) {
    case 'aborted':
      return ABORTED;
    case 'malformed':
    case 'connection':
      return failureOf(transportError);
    case 'headersTimeout':
      return timedOut('headers');
    case 'idleTimeout':
      return timedOut('idle');
    case undefined:
      return UNCLASSIFIED;
    default:
      return transportError satisfies never;
  }
}
