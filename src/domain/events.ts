/** What the library tells its listeners. Times are in ms, money in USD; never a body, a header or a key. */

import type { Alert, AlertMetric } from './alert.ts';
import type { AttemptRecord, BreakerReason, BreakerState, CallRecord, FailureKind } from './attempt.ts';
import type { BudgetPeriod, BudgetScope } from './usage.ts';
import type { SkipReason } from './call.ts';
import type { ProbeEvent } from './probe.ts';
import type { ShadowEvent } from './shadow.ts';
import type { AnalysisEvent, RolloutChangeEvent, RolloutRollbackEvent } from './rollout.ts';
import type { Snapshot } from './snapshot.ts';

/** The same upstream is asked again after a wait. */
export interface RetryEvent {
  readonly callId: number;
  readonly upstream: string;
  readonly kind: FailureKind;
  /** How long the retry waits first. */
  readonly delayMs: number;
  readonly atMs: number;
}

/** A call moves on to another upstream. */
export interface FallbackEvent {
  readonly callId: number;
  readonly from: string;
  readonly to: string;
  /** The failure that made the call move on, or the reason the upstream was passed over without being asked. */
  readonly reason: FailureKind | SkipReason;
  readonly atMs: number;
}

/** A second upstream is asked beside one that takes long to begin. */
export interface HedgeEvent {
  readonly callId: number;
  readonly from: string;
  readonly to: string;
  /** How long the first was given. */
  readonly afterMs: number;
  readonly atMs: number;
}

/** An upstream was taken out of service, is tried again, or is back. */
export interface BreakerEvent {
  readonly upstream: string;
  readonly from: BreakerState['state'];
  readonly to: BreakerState['state'];
  readonly reason: BreakerReason;
  /** When an open breaker lets a probe through. */
  readonly untilMs: number | undefined;
  readonly atMs: number;
}

/**
 * An upstream said "not now", or refused the account, or is full by its limits (`limit`; told once until it has served another
 * call): it is left alone for a while.
 */
export interface RateLimitEvent {
  readonly upstream: string;
  readonly kind: 'rateLimit' | 'quota' | 'auth' | 'limit';
  /** The upstream is passed over until then, where another can serve. For `limit` that is the earliest: `atMs` where a place comes free as soon as an attempt ends. */
  readonly untilMs: number;
  readonly atMs: number;
}

/** A half, four fifths or all of a budget is spent: each told once in a period. */
export interface BudgetEvent {
  readonly name: string;
  readonly per: BudgetPeriod;
  /** Of a budget by key it is not told whose amount this is. */
  readonly scope: BudgetScope;
  /** Where each upstream has an amount of its own. */
  readonly upstream: string | undefined;
  /** Of the limit; 1 also when a call is refused because what is left would not pay it. */
  readonly share: 0.5 | 0.8 | 1;
  readonly spentUsd: number;
  readonly limitUsd: number;
  readonly resetsAtMs: number;
  readonly atMs: number;
}
/** All traffic was taken from an upstream: by an alert rule (then `rule` names it), or by its rollout. */
export type RollbackEvent = RuleRollbackEvent | RolloutRollbackEvent;

/** An alert rule took all traffic from an upstream. */
export interface RuleRollbackEvent {
  readonly upstream: string;
  /** For people: which rule, which number. */
  readonly reason: string;
  /** The alert rule that decided. */
  readonly rule: string;
  readonly metric: AlertMetric;
  readonly value: number;
  readonly bound: { readonly above: number } | { readonly below: number };
  /** Calls in the window that the decision rests on. */
  readonly calls: number;
  readonly weightsBefore: Readonly<Record<string, number>>;
  readonly weightsAfter: Readonly<Record<string, number>>;
  readonly atMs: number;
}

/** Something of ours degraded; calls are unaffected. */
export interface WarningEvent {
  readonly code:
    | 'listener'
    | 'logger'
    | 'key'
    | 'task'
    | 'batch'
    | 'cache'
    | 'price'
    | 'modelNotFound'
    | 'rollback'
    | 'rollout'
    | 'disabled'
    | 'store'
    | 'webhook'
    | 'shadow';
  readonly message: string;
  readonly atMs: number;
}

/** Every event by name. */
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
  readonly warning: WarningEvent;
}

/** The name of an event: what `canary.on` takes. */
export type CanaryEventName = keyof CanaryEvents;
