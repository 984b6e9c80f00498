/** What a failed attempt means: for the call that made it, and for the upstream's breaker. */

import type { FailureKind, Outcome, TimeoutPhase } from '../domain/attempt.ts';
import { DeadlineError, UpstreamTimeoutError } from '../domain/errors.ts';
import { kindOfResponse } from './failure-kind.ts';
import { type ErrorResponse, readSdkError, readTransportError } from './read-error.ts';
import { proseWaitMs, rateLimitWaitMs, retryAfterMs } from './retry-after.ts';

/* PART: What follows from each failure kind: the one table of it. */

/** How an attempt may end other than by success. */
export type FailedOutcome = Exclude<Outcome, 'success'>;

export interface FailureRule {
  /** For windows and ledger. */
  readonly outcome: FailedOutcome;
  /** For the breaker. Rate limits, quota and credentials are `neutral` there: they pause the upstream instead. */
  readonly breakerOutcome: FailedOutcome;
  /** The same upstream may be asked again: after a back-off, or after a rate limit's wait where no other can serve. */
  readonly retrySame: boolean;
  /** The next upstream may be asked; after `contextLength` and `contentFilter` only one that is named for these. */
  readonly tryNext: boolean;
}

const TRANSIENT: FailureRule = { outcome: 'failure', breakerOutcome: 'failure', retrySame: true, tryNext: true };
const REFUSED: FailureRule = { outcome: 'failure', breakerOutcome: 'neutral', retrySame: false, tryNext: true };

/** The caller's own fault: no evidence against the upstream, and no better elsewhere. */
const CALLERS_FAULT: FailureRule = {
  outcome: 'neutral',
  breakerOutcome: 'neutral',
  retrySame: false,
  tryNext: false,
};

/** What follows from a failure of each kind, as long as the answer's first content has not been passed on. */
const FAILURE_RULES: Readonly<Record<FailureKind, FailureRule>> = {
  connection: TRANSIENT,
  server: TRANSIENT,
  timeout: TRANSIENT,
  malformed: TRANSIENT,
  truncated: TRANSIENT,
  rateLimit: { ...REFUSED, retrySame: true },
  quota: REFUSED,
  auth: REFUSED,
  modelNotFound: { ...CALLERS_FAULT, tryNext: true },
  contextLength: { ...CALLERS_FAULT, tryNext: true },
  contentFilter: { ...CALLERS_FAULT, tryNext: true },
  badRequest: CALLERS_FAULT,
};

/** A failed attempt, and what follows from it. */
export interface Failure extends FailureRule {
  /** `undefined` when the caller aborted, or its own code threw. */
  readonly kind: FailureKind | undefined;
  /** HTTP status, where the failure was a response. */
  readonly status: number | undefined;
  /** Set for a time-out on our side; a 408 has none. */
  readonly phase: TimeoutPhase | undefined;
  /** How long the upstream asks to be left alone, 0 to a day; `undefined` when it does not say. */
  readonly retryAfterMs: number | undefined;
  /** What the header `x-should-retry` said; `retrySame` has heeded it. */
  readonly shouldRetry: boolean | undefined;
}

export interface FailureContext {
  /** The caller's own signal: when it is aborted, so is the attempt, whatever error came of it. */
  readonly signal?: AbortSignal | null | undefined;
  /** Ms since the Unix epoch; without it, a `retry-after` date counts only beside a `date` header. */
  readonly nowMs?: number | undefined;
  /** The time limit of ours that ended the attempt, if one did. */
  readonly phase?: TimeoutPhase | undefined;
}

const BARE = { kind: undefined, status: undefined, phase: undefined, retryAfterMs: undefined, shouldRetry: undefined };

/** The caller gave up: nobody waits for an answer, and nothing is held against the upstream. */
export const ABORTED: Failure = {
  ...BARE,
  outcome: 'aborted',
  breakerOutcome: 'aborted',
  retrySame: false,
  tryNext: false,
};

const UNPLACED: Failure = { ...BARE, ...CALLERS_FAULT };

/** The stream ended before its answer did. That it may be tried again holds before the first content only. */
export const TRUNCATED: Failure = failureOf('truncated');

/** A whole body under a 2xx status that is no answer. */
export const MALFORMED: Failure = failureOf('malformed');

/** An answer that the provider cut off for its content: no fault of the upstream. */
export const FILTERED: Failure = failureOf('contentFilter');

/**
 * Classifies whatever an attempt threw. An error that it cannot place came from the caller's own code,
 * such as an `apiKey` function: neutral, and tried nowhere else.
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
      return UNPLACED;
    case undefined:
      return failedBeneath(error);
    default:
      return sdkError satisfies never;
  }
}

/** A failure of which nothing but the kind is known. */
function failureOf(kind: FailureKind): Failure {
  return { ...BARE, ...FAILURE_RULES[kind], kind };
}

/** An upstream that was silent once is not waited for twice; and once the call's time is up, no other can help. */
function timedOut(phase: TimeoutPhase): Failure {
  return { ...failureOf('timeout'), phase, retrySame: false, tryNext: phase !== 'deadline' };
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
  };
}

/** The headers of a stream were sent before its error: they do not speak of it, and some 200s have a `retry-after`. */
function waitMsOf(
  response: ErrorResponse,
  kind: FailureKind | undefined,
  nowMs: number | undefined,
): number | undefined {
  const { status, headers, text } = response;
  // Resets of rate limits stand on every response; they matter to a rate limit only.
  if (kind !== 'rateLimit') return status === undefined ? undefined : retryAfterMs(headers, nowMs);
  return status === undefined ? proseWaitMs(text) : rateLimitWaitMs(headers, nowMs, text);
}

function shouldRetryOf({ status, headers }: ErrorResponse): boolean | undefined {
  const value = status === undefined ? undefined : headers?.get('x-should-retry');
  if (value === 'true') return true;
  return value === 'false' ? false : undefined;
}

function failedBeneath(error: unknown): Failure {
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
      return UNPLACED;
    default:
      return transportError satisfies never;
  }
}
