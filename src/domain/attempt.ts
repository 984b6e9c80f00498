/** What is known of an attempt when it has ended. */

import type { Surface } from './call.ts';
import type { Cost, Usage } from './usage.ts';

/**
 * Why an attempt was made; a `shadow` is a copy whose answer nobody gets. A `probe` is the library's own: it is paid for, and is no
 * evidence about real calls.
 */
export type AttemptReason = 'first' | 'retry' | 'fallback' | 'hedge' | 'shadow' | 'probe';

/**
 * What is known of the provider's work: it answered (`dispatched`), refused without doing any (`rejected`), may have done some
 * unseen (`ambiguous`), broke off after some (`partial`), or did none, for the answer was given from the cache (`cached`).
 */
export type Delivery = 'dispatched' | 'rejected' | 'ambiguous' | 'partial' | 'cached';

/** One try of a call on one upstream: an entry of the ledger. */
export interface AttemptRecord {
  readonly callId: number;
  readonly upstream: string;
  /** 0 for the first attempt of the call, and for a shadow, which is none of its attempts. */
  readonly index: number;
  readonly reason: AttemptReason;
  readonly surface: Surface;
  readonly stream: boolean;
  /** The model that the response names, else the one that was asked for. */
  readonly model: string | undefined;
  readonly task: string | undefined;
  readonly startedAtMs: number;
  readonly outcome: Outcome;
  /** Present when the outcome is `failure`, or `neutral` for the caller's own fault. */
  readonly kind: FailureKind | undefined;
  /** Which wait came to its end, where it was a time-out of ours. */
  readonly phase: TimeoutPhase | undefined;
  readonly delivery: Delivery;
  /** HTTP status, where a response came. */
  readonly status: number | undefined;
  /** From dispatch to the whole answer (for a stream: its last chunk). */
  readonly latencyMs: number;
  /** From dispatch to the first content-bearing chunk; streams only. */
  readonly firstChunkMs: number | undefined;
  readonly usage: Usage | undefined;
  /** The provider told no usage: it is estimated by the text that came. */
  readonly usageEstimated: boolean;
  /** The model wants a function called with arguments that are no JSON object. They are passed on as they came. @default false */
  readonly brokenToolArguments?: boolean | undefined;
  readonly cost: Cost;
  /**
   * What the same tokens would have cost on stable, in USD; `null` when unknown. 0 for what stable alone would not have been asked for: a
   * shadow, the loser of a hedge, an attempt that failed on another upstream.
   */
  readonly stableCostUsd: number | null;
}

/** What is known of one call so far: its attempts that have ended, in the order in which they did, then its shadows. */
export interface CallLedger {
  readonly callId: number;
  readonly attempts: readonly AttemptRecord[];
}

/** How a whole call ended. */
export interface CallRecord {
  readonly callId: number;
  readonly surface: Surface;
  readonly stream: boolean;
  readonly model: string | undefined;
  readonly task: string | undefined;
  readonly startedAtMs: number;
  /** The upstream that the plan chose first. */
  readonly assigned: string;
  /** The upstream of the last attempt: the one that served, if the outcome is `success`. */
  readonly upstream: string;
  readonly outcome: Outcome;
  readonly kind: FailureKind | undefined;
  readonly attempts: number;
  readonly retries: number;
  readonly fallbacks: number;
  readonly latencyMs: number;
  readonly firstChunkMs: number | undefined;
  /** USD, over all attempts of the call whose cost is known; `null` without any. */
  readonly costUsd: number | null;
  /** Answered from the cache: part of no window and of no judgement. @default false */
  readonly cached?: boolean | undefined;
}

/* PART: How an attempt ended, and why. */

/** `neutral` is the caller's own fault (or a content filter): no evidence for or against the upstream. */
export type Outcome = 'success' | 'failure' | 'neutral' | 'aborted';

/** Why an attempt did not succeed. */
export type FailureKind =
  | 'rateLimit'
  | 'quota'
  | 'auth'
  | 'timeout'
  | 'connection'
  | 'server'
  | 'truncated'
  | 'malformed'
  | 'contextLength'
  | 'contentFilter'
  | 'modelNotFound'
  | 'badRequest';

/** Which wait came to its end: for the response, for the first content, for the next chunk, or the call's budget. */
export type TimeoutPhase = 'headers' | 'firstChunk' | 'idle' | 'deadline';

/** All failure kinds, in the order in which tables show them. */
export const FAILURE_KINDS = [
  'rateLimit',
  'quota',
  'auth',
  'timeout',
  'connection',
  'server',
  'truncated',
  'malformed',
  'contextLength',
  'contentFilter',
  'modelNotFound',
  'badRequest',
] as const satisfies readonly FailureKind[];

/** The states of a circuit breaker. */
export type BreakerState =
  | { readonly state: 'closed' }
  | { readonly state: 'open'; readonly untilMs: number }
  | { readonly state: 'halfOpen'; readonly successes: number };

/** Why a breaker changed its state. */
export type BreakerReason =
  'errorRate' | 'consecutive' | 'probeFailed' | 'openForElapsed' | 'probesSucceeded' | 'reset';
