/** The records of attempts and calls, and how they end: outcomes, failure kinds, time limits and breaker states. */

import type { Surface } from './call.ts';
import type { Cost, Usage } from './usage.ts';

/**
 * Why an attempt was made.
 *
 * - `shadow`: a copy of a call; its answer is dropped.
 * - `probe`: a request of the library's own. It costs money, but it is no evidence about real calls.
 */
export type AttemptReason = 'first' | 'retry' | 'fallback' | 'hedge' | 'shadow' | 'probe';

/**
 * What is known about the provider's work.
 *
 * - `dispatched`: the provider answered.
 * - `rejected`: the provider refused without doing any work.
 * - `ambiguous`: the provider may have done work whose result was not received.
 * - `partial`: the answer broke off.
 * - `cached`: the answer came from the cache; the provider did no work.
 */
export type Delivery = 'dispatched' | 'rejected' | 'ambiguous' | 'partial' | 'cached';

/** One attempt of a call on one upstream: an entry of the ledger. */
export interface AttemptRecord {
  readonly callId: number;
  readonly upstream: string;
  /** Position within the call, from 0. Shadows are not attempts of the call and have 0. */
  readonly index: number;
  readonly reason: AttemptReason;
  readonly surface: Surface;
  readonly stream: boolean;
  /** The model named in the response, otherwise the requested model. */
  readonly model: string | undefined;
  /** The model requested from the upstream: breakers, pauses and windows are kept by it. */
  readonly requestedModel?: string | undefined;
  readonly task: string | undefined;
  readonly startedAtMs: number;
  readonly outcome: Outcome;
  /** Set when the outcome is `failure`, or `neutral` through the caller's own fault. */
  readonly kind: FailureKind | undefined;
  /** The time limit that expired, when the attempt timed out. */
  readonly phase: TimeoutPhase | undefined;
  readonly delivery: Delivery;
  /** HTTP status, if a response arrived. */
  readonly status: number | undefined;
  /** ms from dispatch to the complete answer; for a stream, to its last chunk. */
  readonly latencyMs: number;
  /** ms from dispatch to the first chunk with content; streams only. */
  readonly firstChunkMs: number | undefined;
  readonly usage: Usage | undefined;
  /** The provider reported no usage, so `usage` is estimated from the received text. */
  readonly usageEstimated: boolean;
  /**
   * The model called a function with arguments that are not a JSON object. They are passed on unchanged.
   * @default false
   */
  readonly brokenToolArguments?: boolean | undefined;
  /** Why `accept` rejected the answer, whose `kind` is `malformed`; absent for every other end. */
  readonly rejection?: string | undefined;
  readonly cost: Cost;
  /**
   * What the same tokens would have cost on stable, in USD; `null` when unknown. 0 for attempts that would not have
   * existed with stable alone: shadows, the loser of a hedge, and failed attempts on another upstream.
   */
  readonly stableCostUsd: number | null;
}

/** The attempts of one call so far: those that have ended, in the order in which they ended, then its shadows. */
export interface CallLedger {
  readonly callId: number;
  /**
   * The upstream whose answer the caller got, known before a stream has ended; `undefined` while no upstream has answered. A call that belongs
   * to one account names its upstream from the start.
   */
  readonly upstream: string | undefined;
  readonly attempts: readonly AttemptRecord[];
}

/** How a whole call ended, with all its attempts. */
export interface CallRecord {
  readonly callId: number;
  readonly surface: Surface;
  readonly stream: boolean;
  readonly model: string | undefined;
  readonly task: string | undefined;
  readonly startedAtMs: number;
  /** The upstream that the plan assigned. */
  readonly assigned: string;
  /** The upstream of the last attempt: the one that served the call, if the outcome is `success`. */
  readonly upstream: string;
  readonly outcome: Outcome;
  readonly kind: FailureKind | undefined;
  readonly attempts: number;
  readonly retries: number;
  readonly fallbacks: number;
  readonly latencyMs: number;
  readonly firstChunkMs: number | undefined;
  /** USD over all attempts of the call with a known cost; `null` if no cost is known. */
  readonly costUsd: number | null;
  /**
   * Answered from the cache. Such calls count in no window and no rollout.
   * @default false
   */
  readonly cached?: boolean | undefined;
}

/**
 * How an attempt or a call ended. `neutral` is the caller's own fault or a content filter: it is no evidence for or
 * against the upstream. `aborted`: the caller cancelled.
 */
export type Outcome = 'success' | 'failure' | 'neutral' | 'aborted';

/**
 * Why an attempt did not succeed.
 *
 * - `auth`: the key, its permissions or the account were refused (401, or a 403 that says so).
 * - `forbidden`: any other 403, such as the page of a firewall that dislikes one prompt.
 * - `conflict`: 409.
 */
export type FailureKind =
  | 'rateLimit'
  | 'quota'
  | 'auth'
  | 'forbidden'
  | 'timeout'
  | 'connection'
  | 'server'
  | 'truncated'
  | 'malformed'
  | 'contextLength'
  | 'contentFilter'
  | 'modelNotFound'
  | 'conflict'
  | 'badRequest';

/**
 * Which time limit expired: the one for the response headers, for the first content, for the next chunk, or the
 * deadline of the whole call.
 */
export type TimeoutPhase = 'headers' | 'firstChunk' | 'idle' | 'deadline';

/** All failure kinds, in the order in which tables list them. */
export const FAILURE_KINDS = [
  'rateLimit',
  'quota',
  'auth',
  'forbidden',
  'timeout',
  'connection',
  'server',
  'truncated',
  'malformed',
  'contextLength',
  'contentFilter',
  'modelNotFound',
  'conflict',
  'badRequest',
] as const satisfies readonly FailureKind[];

/**
 * The state of a circuit breaker. `untilMs` is in ms since the Unix epoch; `successes` counts successful trial calls.
 */
export type BreakerState =
  | { readonly state: 'closed' }
  | { readonly state: 'open'; readonly untilMs: number }
  | { readonly state: 'halfOpen'; readonly successes: number };

/** Why a circuit breaker changed its state. */
export type BreakerReason =
  'errorRate' | 'consecutive' | 'probeFailed' | 'openForElapsed' | 'probesSucceeded' | 'reset';
