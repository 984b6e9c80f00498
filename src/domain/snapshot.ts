/** The numbers of a window at one moment. */

import type { BreakerState, FailureKind } from './attempt.ts';
import type { RolloutSnapshot } from './rollout-snapshot.ts';
import type { StoreSnapshot } from './store.ts';
import type { ComparisonAspect, ShadowAdvice, ShadowDropReason } from './shadow.ts';
import type { BudgetSnapshot } from './usage.ts';

/** Quantiles in ms, `null` without samples. The relative error is at most 2 %. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** The numbers of one upstream over the window. */
export interface WindowSnapshot {
  /** Calls that the plan assigned to this upstream. */
  readonly calls: number;
  /** Calls assigned to this upstream that it answered. */
  readonly answered: number;
  /**
   * Calls assigned to this upstream that it did not answer, through no fault of the caller: it failed, was out of
   * service, or refused what another upstream then served.
   */
  readonly unanswered: number;
  readonly attempts: number;
  readonly successes: number;
  readonly failures: number;
  readonly neutral: number;
  readonly aborted: number;
  readonly failuresByKind: Readonly<Partial<Record<FailureKind, number>>>;
  /** Attempts on this upstream because an earlier attempt on it failed. */
  readonly retries: number;
  /** Attempts on this upstream because another upstream failed. */
  readonly fallbacks: number;
  /** Attempts whose answer calls a function with arguments that are not a JSON object. */
  readonly brokenToolCalls: number;
  /** failures / (successes + failures), 0–1; `null` without either. */
  readonly errorRate: number | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  /** USD over the attempts with a known cost. */
  readonly costUsd: number;
  /** Attempts with usage but no known price. */
  readonly unpriced: number;
  /** USD that the same tokens would have cost on stable, minus their cost, over the attempts where both are known. */
  readonly savingsUsd: number;
  /** USD per hour at the rate of the window. */
  readonly costPerHour: number;
  /**
   * USD per attempt with a known cost; `null` if no cost is known. Failed attempts without a known cost do not make
   * answers look cheaper.
   */
  readonly costPerCall: number | null;
  /** USD per 1,000 tokens, input and output together, over the attempts with usage and a known cost; `null` without any. */
  readonly costPer1kTokens: number | null;
  /**
   * The share of time that the upstream was up, 0–1: of the eighths of the window with successes or failures, those with a success.
   * `null` without either.
   */
  readonly uptime: number | null;
  /**
   * Mean of the values that `canary.record(call, { quality })` gave for calls that it answered; `null` without any.
   */
  readonly quality: number | null;
  /** The number of these values. */
  readonly scored: number;
  readonly latencyMs: Quantiles;
  readonly firstChunkMs: Quantiles;
}

/**
 * The health of an upstream.
 *
 * - `down`: paused by a quota or rejected credentials, failing, or not reached by the check of the `probe` option.
 * - `degraded`: serving, with failures, limits or a breaker that is still closing.
 * - `unknown`: no attempts in the window.
 */
export type Health = 'healthy' | 'degraded' | 'down' | 'unknown';

/** The attempts for one model of an upstream over the window, and its current state. */
export interface ModelSnapshot extends ModelWindowSnapshot {
  readonly breaker: BreakerState;
  readonly health: Health;
  /** As for the upstream; a rate limit pauses only its model, a quota or rejected credentials pause all of them. */
  readonly pausedUntilMs: number | null;
}

/** The attempts for one model of an upstream over the window. */
export interface ModelWindowSnapshot {
  readonly attempts: number;
  readonly successes: number;
  readonly failures: number;
  readonly neutral: number;
  /** failures / (successes + failures), 0–1; `null` without either. */
  readonly errorRate: number | null;
}

/** The window of an upstream and its current state. */
export interface UpstreamSnapshot extends WindowSnapshot {
  /** The upstream's share of the split, 0–1. */
  readonly weight: number;
  /** The worst breaker of its models. */
  readonly breaker: BreakerState;
  /** `down` only if all its models are down; `degraded` if some of them are. */
  readonly health: Health;
  /**
   * Until when the upstream, or one of its models, is paused by a rate limit, a quota or rejected credentials, in ms
   * since the Unix epoch; `null` if nothing is paused.
   */
  readonly pausedUntilMs: number | null;
  /**
   * By requested model, for models with attempts in the window, an open breaker or a pause; `'*'` stands for requests
   * that name no model. At most 100 models per upstream: a new one replaces the least recently used.
   */
  readonly models: Readonly<Record<string, ModelSnapshot>>;
  /** The p95 latency that the upstream should keep, in ms; missing for an upstream without `targetLatency`. */
  readonly targetLatencyMs?: number;
  /** Missing for an upstream without limits. */
  readonly limits?: LimitsSnapshot;
}

/** The numbers of all calls over the window. The three rates are shares of `successes + failures` and sum to 1. */
export interface CallTotals {
  /** All calls, neutral and aborted ones too. */
  readonly calls: number;
  readonly successes: number;
  readonly failures: number;
  /**
   * Share of calls served by the upstream they were assigned to, 0–1; `null` without successes and failures, like the
   * next two.
   */
  readonly primaryHitRate: number | null;
  /** Share of calls served by another upstream, 0–1. */
  readonly fallbackRate: number | null;
  /** Share of calls that failed on every upstream, 0–1. */
  readonly failureRate: number | null;
  /** USD per call with a known cost, including all its attempts; `null` if no cost is known. */
  readonly costPerCall: number | null;
  /** Latency of calls that ended in success or failure, with all their attempts. */
  readonly latencyMs: Quantiles;
  /** Time from the call to the first content, of streams that ended in success or failure. */
  readonly firstChunkMs: Quantiles;
}

/** The numbers of the calls of one task over the window, on all upstreams. */
export interface TaskSnapshot {
  /** All calls, neutral and aborted ones too. */
  readonly calls: number;
  readonly successes: number;
  readonly failures: number;
  /**
   * Share of calls served by another upstream than the assigned one, of successes and failures, 0–1; `null` without
   * either.
   */
  readonly fallbackRate: number | null;
  /** USD over the calls with a known cost. */
  readonly costUsd: number;
  /** USD per call with a known cost; `null` if no cost is known. */
  readonly costPerCall: number | null;
}

/** The shadows of one upstream over the window. */
export interface ShadowSnapshot extends ShadowAdvice {
  /** Share of keys that are shadowed, 0–1. */
  readonly share: number;
  /** Shadowed calls that have ended. */
  readonly calls: number;
  /** Selected calls that were not shadowed, by reason. */
  readonly dropped: Readonly<Record<ShadowDropReason, number>>;
  /** successes / (successes + failures), 0–1; `null` without either. */
  readonly successRate: number | null;
  readonly latencyMs: Quantiles;
  readonly firstChunkMs: Quantiles;
  /** USD over the shadows with a known cost. */
  readonly costUsd: number;
  /** The number of pairs of answers with an agreement. */
  readonly compared: number;
  /** The mean agreement of these pairs, 0–1; `null` without pairs. */
  readonly agreement: number | null;
  /** The mean of each aspect, over the pairs that it applies to. */
  readonly aspects: Readonly<Partial<Record<ComparisonAspect, number>>>;
  /** Copies in flight now, and copies waiting for a slot. */
  readonly running: number;
  readonly waiting: number;
}

/** The result of `client.canary.snapshot()`. */
export interface Snapshot<UpstreamName extends string = string> extends CallTotals {
  readonly atMs: number;
  readonly windowMs: number;
  readonly weights: Readonly<Record<UpstreamName, number>>;
  /** The table of the split: `[end of range in (0, 1], upstream]`, ascending. */
  readonly ranges: readonly (readonly [number, UpstreamName])[];
  readonly upstreams: Readonly<Record<UpstreamName, UpstreamSnapshot>>;
  /** In the order of the options; empty without budgets. */
  readonly budgets: readonly BudgetSnapshot[];
  /** By task, for calls that have one: at most 50 tasks, and `other`. */
  readonly tasks: Readonly<Record<string, TaskSnapshot>>;
  /** Only with the `cache` option. */
  readonly cache?: CacheSnapshot | undefined;
  /** By upstream that is or was shadowed; missing without shadows. */
  readonly shadow?: Readonly<Partial<Record<UpstreamName, ShadowSnapshot>>>;
  /** Only with the `store` option. */
  readonly store?: StoreSnapshot | undefined;
  /** By canary; missing without rollouts. */
  readonly rollouts?: Readonly<Partial<Record<UpstreamName, RolloutSnapshot>>>;
}

/** What the cache has done since the client was created, and what it holds. */
export interface CacheSnapshot {
  /** Calls answered from memory. */
  readonly hits: number;
  /** Calls that shared the answer of an identical call in flight. */
  readonly joined: number;
  /** Calls sent to an upstream. */
  readonly misses: number;
  readonly entries: number;
  readonly bytes: number;
}

/** The usage of an upstream's limits. */
export interface LimitsSnapshot {
  /** Attempts in flight. */
  readonly underWay: number;
  /** Calls in the queue of the upstream. */
  readonly waiting: number;
  /** Requests of the last 61 to 62 seconds; `null` without a request limit. */
  readonly requests: number | null;
  /**
   * Tokens of the last 61 to 62 seconds, including those reserved for attempts in flight; `null` without a token limit.
   */
  readonly tokens: number | null;
  /**
   * Only for limits that processes share through a store. `starting`: the store has not answered yet. `shared`: the limits hold for all processes
   * together. `away`: the store does not answer, and each process keeps to the limits divided by `processes`.
   */
  readonly fleet?: {
    readonly state: 'starting' | 'shared' | 'away';
    /** The processes that share the limits, as far as is known. */
    readonly processes: number;
  };
}
