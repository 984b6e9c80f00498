/** The frozen numbers of a window. */

import type { BreakerState, FailureKind } from './attempt.ts';
import type { RolloutSnapshot } from './rollout.ts';
import type { ComparisonAspect, ShadowAdvice, ShadowDropReason } from './shadow.ts';
import type { BudgetSnapshot } from './usage.ts';

/** Quantiles in milliseconds, `null` without samples; relative error at most 2 %. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** The numbers of one upstream over the window. */
export interface WindowSnapshot {
  /** Calls that the plan assigned here first. */
  readonly calls: number;
  readonly attempts: number;
  readonly successes: number;
  readonly failures: number;
  readonly neutral: number;
  readonly aborted: number;
  readonly failuresByKind: Readonly<Partial<Record<FailureKind, number>>>;
  /** Attempts made here because an earlier one here failed. */
  readonly retries: number;
  /** Attempts made here because another upstream failed. */
  readonly fallbacks: number;
  /** Attempts whose answer wants a function called with arguments that are no JSON object. */
  readonly brokenToolCalls: number;
  /** failures / (successes + failures), 0–1; `null` without either. */
  readonly errorRate: number | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  /** USD, over the attempts whose cost is known. */
  readonly costUsd: number;
  /** Attempts with usage but no known price. */
  readonly unpriced: number;
  /** USD that the same tokens would have cost on stable, over the attempts where both are known, less their cost. */
  readonly savingsUsd: number;
  /** USD an hour at the window's pace. */
  readonly costPerHour: number;
  /**
   * USD per attempt whose cost is known, `null` without any. Failed attempts that cost nothing known do not make answers
   * look cheaper than they are.
   */
  readonly costPerCall: number | null;
  readonly latencyMs: Quantiles;
  readonly firstChunkMs: Quantiles;
}

/**
 * `down`: not asked, or failing. `degraded`: serving, with failures, limits or a breaker that is still closing. `unknown`: nothing
 * was asked of it within the window.
 */
export type Health = 'healthy' | 'degraded' | 'down' | 'unknown';

/** A window and the state beside it. */
export interface UpstreamSnapshot extends WindowSnapshot {
  /** Share of the split, 0–1. */
  readonly weight: number;
  readonly breaker: BreakerState;
  readonly health: Health;
  /** Not asked before this time because of a rate limit, quota or credentials; `null` when it may be asked. */
  readonly pausedUntilMs: number | null;
  /** Absent without limits. */
  readonly limits?: LimitsSnapshot;
}

/** The numbers of all calls over the window. The three rates are shares of `successes + failures` and sum to 1. */
export interface CallTotals {
  /** All calls, neutral and aborted ones too. */
  readonly calls: number;
  readonly successes: number;
  readonly failures: number;
  /** Calls served by the upstream they were assigned to, 0–1; `null` without any success or failure, like the next two. */
  readonly primaryHitRate: number | null;
  /** Calls served by another upstream. */
  readonly fallbackRate: number | null;
  /** Calls served by none. */
  readonly failureRate: number | null;
  /** USD per call whose cost is known, with all its attempts; `null` without any. */
  readonly costPerCall: number | null;
  /** Of calls that ended in success or failure, with all their attempts. */
  readonly latencyMs: Quantiles;
  /** Of streams that ended in success or failure: from the call to the first content. */
  readonly firstChunkMs: Quantiles;
}

/** The numbers of the calls of one task over the window, whichever upstream served them. */
export interface TaskSnapshot {
  /** All calls, neutral and aborted ones too. */
  readonly calls: number;
  readonly successes: number;
  readonly failures: number;
  /** Calls served by another upstream than their first, as a share of successes and failures, 0–1; `null` without either. */
  readonly fallbackRate: number | null;
  /** USD, over the calls whose cost is known. */
  readonly costUsd: number;
  /** USD per call whose cost is known; `null` without any. */
  readonly costPerCall: number | null;
}

/** The shadows of one upstream over the window. */
export interface ShadowSnapshot extends ShadowAdvice {
  /** Share of keys that are mirrored, 0–1. */
  readonly share: number;
  /** Mirrored calls that have ended. */
  readonly calls: number;
  /** Chosen, and not mirrored. */
  readonly dropped: Readonly<Record<ShadowDropReason, number>>;
  /** successes / (successes + failures), 0–1; `null` without either. */
  readonly successRate: number | null;
  readonly latencyMs: Quantiles;
  readonly firstChunkMs: Quantiles;
  /** USD, over the shadows whose cost is known. */
  readonly costUsd: number;
  /** Pairs of answers with an agreement. */
  readonly compared: number;
  /** Their mean agreement, 0–1; `null` without any. */
  readonly agreement: number | null;
  /** The mean of each aspect over the pairs that it applies to. */
  readonly aspects: Readonly<Partial<Record<ComparisonAspect, number>>>;
  /** Copies under way, and waiting for a slot, now. */
  readonly running: number;
  readonly waiting: number;
}

/** `client.canary.snapshot()`. */
export interface Snapshot<UpstreamName extends string = string> extends CallTotals {
  readonly atMs: number;
  readonly windowMs: number;
  readonly weights: Readonly<Record<UpstreamName, number>>;
  /** The table of the split: `[end of range in (0, 1], upstream]`, ascending. */
  readonly ranges: readonly (readonly [number, UpstreamName])[];
  readonly upstreams: Readonly<Record<UpstreamName, UpstreamSnapshot>>;
  /** In the order in which they are written; empty where there are none. */
  readonly budgets: readonly BudgetSnapshot[];
  /** By task, of the calls that have one: at most 50 tasks, and `other`. */
  readonly tasks: Readonly<Record<string, TaskSnapshot>>;
  /** Only with a cache. */
  readonly cache?: CacheSnapshot | undefined;
  /** By upstream that calls are or were mirrored to; absent where nothing is mirrored. */
  readonly shadow?: Readonly<Partial<Record<UpstreamName, ShadowSnapshot>>>;
  /** By canary; absent without rollouts. */
  readonly rollouts?: Readonly<Partial<Record<UpstreamName, RolloutSnapshot>>>;
}

/* PART: The numbers of the cache. */

/** What the cache did since the client was built, and what it holds. */
export interface CacheSnapshot {
  /** Calls that were answered from memory. */
  readonly hits: number;
  /** Calls that were given the answer to an identical one under way. */
  readonly joined: number;
  /** Calls that were sent. */
  readonly misses: number;
  readonly entries: number;
  readonly bytes: number;
}

/* PART: Limits: how much an upstream may be asked. */

/** What is used of an upstream's limits. */
export interface LimitsSnapshot {
  /** Attempts that have not ended. */
  readonly underWay: number;
  /** Calls in its queue. */
  readonly waiting: number;
  /** Of the last 61 to 62 seconds; `null` without a limit. */
  readonly requests: number | null;
  /** The same, with what is held for attempts under way. */
  readonly tokens: number | null;
}
