/** The events of the library. Times are in ms, money in USD. Events never contain bodies, headers or keys. */

import type { Alert, AlertMetric } from './alert.ts';
import type { AttemptRecord, BreakerReason, BreakerState, CallRecord, FailureKind } from './attempt.ts';
import type { BudgetPeriod, BudgetScope } from './usage.ts';
import type { SkipReason } from './call.ts';
import type { ProbeEvent } from './probe.ts';
import type { ShadowEvent } from './shadow.ts';
import type { AnalysisEvent, RolloutChangeEvent, RolloutRollbackEvent } from './rollout.ts';
import type { Snapshot } from './snapshot.ts';

/** A call is retried on the same upstream after a delay. */
export interface RetryEvent {
  readonly callId: number;
  readonly upstream: string;
  readonly kind: FailureKind;
  /** The delay before the retry. */
  readonly delayMs: number;
  readonly atMs: number;
}

/** A call falls back to another upstream. */
export interface FallbackEvent {
  readonly callId: number;
  readonly from: string;
  readonly to: string;
  /** The failure of the first upstream, or the reason it was skipped. */
  readonly reason: FailureKind | SkipReason;
  readonly atMs: number;
}

/** A second upstream is asked in parallel because the first is slow to start its answer. */
export interface HedgeEvent {
  readonly callId: number;
  readonly from: string;
  readonly to: string;
  /** How long the first upstream had been running. */
  readonly afterMs: number;
  readonly atMs: number;
}

/** A circuit breaker changed its state. Each model of an upstream has its own. */
export interface BreakerEvent {
  readonly upstream: string;
  /** The requested model; `undefined` for requests that name none. */
  readonly model: string | undefined;
  readonly from: BreakerState['state'];
  readonly to: BreakerState['state'];
  readonly reason: BreakerReason;
  /** When an open breaker lets a trial call through; `undefined` in the other states. */
  readonly untilMs: number | undefined;
  readonly atMs: number;
}

/**
 * A model is paused because the provider rate-limited a call for it (`rateLimit`), or an upstream is paused because the
 * provider reported an exhausted quota (`quota`) or rejected the credentials (`auth`), or because it is at its own
 * `limits` (`limit`). `limit` is reported once until the upstream has served another call.
 */
export interface RateLimitEvent {
  readonly upstream: string;
  /** The requested model of the call; `undefined` if it named none. */
  readonly model: string | undefined;
  readonly kind: 'rateLimit' | 'quota' | 'auth' | 'limit';
  /**
   * Until then the model, or the upstream, is skipped if another upstream can serve the call. For `limit` this is the earliest time; it
   * equals `atMs` if a slot is free as soon as an attempt ends.
   */
  readonly untilMs: number;
  readonly atMs: number;
  /** The provider rate-limited another process that shares the store. */
  readonly isHint?: true;
}

/** 50 %, 80 % or 100 % of a budget is spent. Each share is reported once per period. */
export interface BudgetEvent {
  readonly name: string;
  readonly per: BudgetPeriod;
  /** What the amount applies to. For a budget per key, the event does not contain the key. */
  readonly scope: BudgetScope;
  /** The upstream, if each upstream has its own amount. */
  readonly upstream: string | undefined;
  /** The spent share of the limit. Also 1 when a call is refused because the rest would not pay for it. */
  readonly share: 0.5 | 0.8 | 1;
  readonly spentUsd: number;
  readonly limitUsd: number;
  readonly resetsAtMs: number;
  readonly atMs: number;
}

/** An upstream lost all its traffic: through an alert rule (`rule` names it), or through its rollout. */
export type RollbackEvent = RuleRollbackEvent | RolloutRollbackEvent;

/** An alert rule took all traffic from an upstream. */
export interface RuleRollbackEvent {
  readonly upstream: string;
  /** Readable text with the rule and the number. */
  readonly reason: string;
  /** The alert rule that fired. */
  readonly rule: string;
  readonly metric: AlertMetric;
  readonly value: number;
  readonly bound: { readonly above: number } | { readonly below: number };
  /** The calls in the window that the decision is based on. */
  readonly calls: number;
  readonly weightsBefore: Readonly<Record<string, number>>;
  readonly weightsAfter: Readonly<Record<string, number>>;
  /** Always `true`: each process evaluates its own rules. */
  readonly decidedHere: true;
  readonly atMs: number;
}

/** A part of the library is degraded. Calls are unaffected. */
export interface WarningEvent {
  readonly code:
    | 'listener'
    | 'logger'
    | 'key'
    | 'apiKey'
    | 'keyShare'
    | 'accept'
    | 'task'
    | 'batch'
    | 'cache'
    | 'price'
    | 'probe'
    | 'modelNotFound'
    | 'finishReason'
    | 'rollback'
    | 'rollout'
    | 'disabled'
    | 'store'
    | 'webhook'
    | 'shadow';
  readonly message: string;
  readonly atMs: number;
}

/** The payload of every event, by name. */
export interface CanaryEvents {
  readonly call: CallRecord;
  readonly attempt: AttemptRecord;
  readonly retry: RetryEvent;
  readonly fallback: FallbackEvent;
  readonly hedge: HedgeEvent;
  readonly breaker: BreakerEvent;
  readonly rateLimit: RateLimitEvent;
  readonly shadow: ShadowEvent;
  readonly budget: BudgetEvent;
  readonly metrics: Snapshot;
  readonly alert: Alert;
  readonly analysis: AnalysisEvent;
  readonly step: RolloutChangeEvent;
  readonly promote: RolloutChangeEvent;
  readonly rollback: RollbackEvent;
  readonly probe: ProbeEvent;
  readonly pause: RolloutChangeEvent;
  readonly resume: RolloutChangeEvent;
  readonly restart: RolloutChangeEvent;
  readonly warning: WarningEvent;
}

/** The name of an event, as `canary.on` takes it. */
export type CanaryEventName = keyof CanaryEvents;
