/** The state of one call during dispatch: its limits, and what has happened to it so far. */

import type { Budget } from '../budgets/budget.ts';
import type { FailureKind } from '../domain/attempt.ts';
import type { Call, SkipReason } from '../domain/call.ts';
import { estimateOutput } from '../pricing/estimate-output.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import { type Failure, isRefusal } from '../resilience/failure.ts';
import { foreignIn } from '../resilience/foreign.ts';
import type { Load } from '../resilience/limits/slot.ts';
import { RejectedAnswer } from '../upstream/read-answer.ts';
import { requestedModel, type Upstream } from '../upstream/upstream.ts';
import type { CallPlan } from './call-plan.ts';
import { CallRecorder } from './call-record.ts';
import { totalCostUsd } from './attempt-record.ts';
import type { AnswerObserver, CallServices, CallSource } from './call-services.ts';
import { ineligibleReason, isTakenOut } from './eligibility.ts';
import { ownersToAsk } from './plan-call.ts';

/** The longest wait in a queue where no deadline is set, in ms: ten minutes, as the SDK's time-out. */
const LONGEST_QUEUE_MS = 600_000;

/** An error, and what it means. */
interface Reported {
  readonly error: unknown;
  readonly failure: Failure | undefined;
}

export class CallState {
  readonly call: Call;
  readonly plan: CallPlan;
  readonly source: CallSource;
  readonly services: CallServices;
  readonly recorder: CallRecorder;
  readonly #extraAttempts: number;
  /** The `maxRetries` of this very call. Requests write on the options, so it is read once. */
  readonly #ownMaxRetries: number | undefined;
  #tried: readonly string[] = [];
  /** The first failure that is an upstream's fault. The caller gets its error if a later attempt fails for another reason. */
  firstFault: Reported | undefined;
  /** The first refusal of an id or item as another account's. The caller gets it if no upstream knows the id or can read the item. */
  firstForeign: Reported | undefined;
  /** The last failure of stable, and when it was noted. */
  ofStable: { readonly error: unknown; readonly failure: Failure; readonly atMs: number } | undefined;
  /** An answer that the caller gets if no upstream has a better one. */
  #answer: (Reported & { readonly rank: number }) | undefined;
  /** The last failure was such a refusal: every other upstream may be asked. */
  isForeign = false;
  /** Why the assigned upstream was skipped after the plan was made. */
  skipReason: SkipReason | undefined;
  /** The call has waited in a queue, so the SDK's time-out for its attempt could end after its deadline. */
  hasWaited = false;
  /** Observes the answer if copies of the call are sent. */
  mirror: AnswerObserver | undefined;

  constructor(call: Call, plan: CallPlan, source: CallSource, services: CallServices) {
    this.call = call;
    this.plan = plan;
    this.source = source;
    this.services = services;
    this.recorder = new CallRecorder(call, plan.assigned, services, source.trace, services.stable);
    source.mode.ledger = this.recorder.ledger;
    this.#ownMaxRetries = source.options.maxRetries;
    this.#extraAttempts = call.replayable ? (services.policy.attempts ?? this.#defaultExtraAttempts()) : 0;
  }

  get attemptsLeft(): number {
    return 1 + this.#extraAttempts - this.recorder.started;
  }

  /** The time budget in ms. Without the option only a wait in a queue is bounded; the SDK bounds each attempt. */
  get deadlineMs(): number {
    const { policy } = this.services;
    return policy.deadlineMs ?? (this.hasWaited ? Math.max(LONGEST_QUEUE_MS, this.source.timeoutMs) : Infinity);
  }

  get remainingMs(): number {
    return this.call.startedAtMs + this.deadlineMs - this.services.clock.now();
  }

  markTried(upstream: string): void {
    this.#tried = this.#tried.length === 0 ? [upstream] : [...this.#tried, upstream];
  }

  /** How often `upstream` may be retried: as the call says, else the upstream, else the client. */
  maxRetriesOn({ config }: Upstream): number {
    return this.#ownMaxRetries ?? config.maxRetries ?? this.source.maxRetries;
  }

  #defaultExtraAttempts(): number {
    const { plan, services, source } = this;
    const assigned = services.upstreams.get(plan.assigned);
    const retries = assigned ? this.maxRetriesOn(assigned) : source.maxRetries;
    if (plan.seeksOwner) return retries + ownersToAsk(this.call, services).length;
    if (!this.#mayFallBack) return retries;
    const names = services.fallbacks.after(plan.assigned, undefined, plan.order);
    const others = names.filter((name) => !isTakenOut(name, this.call, services));
    const refusedToStable = plan.assigned !== services.stable && !others.includes(services.stable);
    return retries + others.length + (refusedToStable ? 1 : 0);
  }

  get #mayFallBack(): boolean {
    return this.call.fallbacks && this.call.ownedId === undefined && this.plan.reason !== 'disabled';
  }

  /**
   * Upstreams that have not been tried and may serve the call after `failure`, in order. Stable gets what another upstream refused: a canary
   * must not break a call that stable would serve.
   */
  untriedAfter(failure: Failure): readonly string[] {
    if (failure.kind === undefined) return [];
    const names = failure.tryNext || this.isForeign ? this.untried(failure.kind) : [];
    const { stable } = this.services;
    const addsStable = isRefusal(failure) && this.#mayFallBack && !names.includes(stable);
    return addsStable ? [...names, ...this.#eligible([stable])] : names;
  }

  /** Whether another upstream gets a request that an upstream refused, and shows whose fault that was. Stable's own refusal stays neutral. */
  mayMoveRefusal(failure: Failure, refusedBy: string): boolean {
    if (refusedBy === this.services.stable) return false;
    return isRefusal(failure) && this.attemptsLeft >= 1 && this.untriedAfter(failure).length > 0;
  }

  /** Upstreams that have not been tried and may serve the call after a failure of `kind`, in order. */
  untried(kind: FailureKind): readonly string[] {
    return this.#eligible(this.#candidates(kind));
  }

  #eligible(names: readonly string[]): readonly string[] {
    const { call, services, source } = this;
    const { body } = source.options;
    const fits = (name: string): boolean =>
      !isTakenOut(name, call, services) && !ineligibleReason(name, call, body, services) && this.affords(name);
    return names.filter((name) => !this.#tried.includes(name) && fits(name));
  }

  #candidates(kind: FailureKind): readonly string[] {
    const { call, plan, services } = this;
    if (plan.seeksOwner || this.isForeign) return ownersToAsk(call, services);
    if (!this.#mayFallBack) return [];
    return services.fallbacks.after(plan.assigned, kind, plan.order);
  }

  /**
   * Notes what an attempt threw, which may hold an answer: one that can be read, of stable or else the last one, or what stable sent in place of
   * an answer. The SDK alone would have returned that.
   */
  noteAnswer(error: unknown, failure: Failure, upstream: string): void {
    if (!(error instanceof RejectedAnswer)) return;
    const isOfStable = upstream === this.services.stable;
    const rank = (error.isReadable ? 2 : 0) + (isOfStable ? 1 : 0);
    if (rank > 0 && rank >= (this.#answer?.rank ?? 0)) this.#answer = { error, failure, rank };
  }

  /** Notes a failure on one upstream, before the next is chosen. */
  noteFailure(error: unknown, failure: Failure, upstream: string): void {
    const { call, plan } = this;
    this.noteAnswer(error, failure, upstream);
    if (upstream === this.services.stable) this.ofStable = { error, failure, atMs: this.services.clock.now() };
    if (failure.outcome === 'failure') this.firstFault ??= { error, failure };
    const foreign =
      call.forcedUpstream === undefined && call.replayable ? foreignIn(error, plan.seeksOwner) : undefined;
    // The known owner of an id that it does not know has deleted it.
    this.isForeign = foreign !== undefined && (plan.seeksOwner || call.ownedId === undefined);
    if (!this.isForeign) return;
    this.firstForeign ??= { error, failure };
    this.recorder.settleRefusals('neutral');
  }

  /**
   * What the caller gets after `last`, when no upstream is left: an answer, if there is one, or else the error of `last`. If a spare upstream
   * rejected the request or its credentials, it is the error of stable, which is what the SDK alone would have thrown, or else the first fault,
   * which made the call fall back.
   */
  failureToReport(last: Reported, upstream: string): Reported {
    const { firstFault, firstForeign } = this;
    if (this.#answer && last.failure?.outcome !== 'aborted') return this.#answer;
    // An upstream that is down may be the owner; one that refuses our credentials says nothing about the call.
    const kind = firstFault?.failure?.kind;
    if (firstForeign && (!firstFault || kind === 'auth' || kind === 'quota')) return firstForeign;
    const isOfSpare = upstream !== this.services.stable && last.failure !== undefined && isRejection(last.failure);
    return (isOfSpare && (this.ofStable ?? firstFault)) || last;
  }

  /**
   * Whether one more attempt stays within the call's `maxCostUsd`. Attempts that have ended count with their known cost, attempts in flight
   * with their estimate.
   */
  affords(name: string): boolean {
    const { call, services, recorder, source } = this;
    if (call.maxCostUsd === undefined) return true;
    const estimateUsd = (upstream: string): number =>
      services.estimateCostUsd(upstream, call, source.options.body) ?? 0;
    const spentUsd = totalCostUsd(recorder.attempts) ?? 0;
    return (
      [...recorder.inFlight, name].reduce((sumUsd, each) => sumUsd + estimateUsd(each), spentUsd) <= call.maxCostUsd
    );
  }

  /** What an attempt on an upstream takes of its limits. */
  loadOn({ config: { rules } }: Upstream): Load {
    const { call } = this;
    const { body } = this.source.options;
    const tokens = this.services.inputTokensOf(call, body) + estimateOutput(call.surface, body, rules);
    return { tokens, model: upstreamModel(rules.model, call) };
  }

  /** Whether the limits of an upstream have room for the call now. */
  hasRoom(name: string): boolean {
    const upstream = this.services.upstreams.get(name);
    if (!upstream?.limits) return true;
    const { queue } = upstream.limits;
    if (queue && queue.length > 0) return false;
    return upstream.limits.blockedUntilMs(this.services.clock.now(), this.loadOn(upstream)) === undefined;
  }

  /** The budget that refuses the call on an upstream, if one does. */
  exceededBudget(name: string): Budget | undefined {
    return this.services.budgets?.refusing(this.call, name, this.source.options.body);
  }

  /** Notes that an upstream is passed over, and reports limits that have just become full. */
  skip(upstream: Upstream, reason: SkipReason): void {
    if (upstream.name === this.plan.assigned) this.skipReason = reason;
    if (reason !== 'limit' || !upstream.limits?.becomesFull()) return;
    const nowMs = this.services.clock.now();
    const untilMs = upstream.limits.blockedUntilMs(nowMs, this.loadOn(upstream)) ?? nowMs;
    const model = requestedModel(upstream, this.call);
    this.services.observer.full({ upstream: upstream.name, model, kind: 'limit', untilMs, atMs: nowMs });
  }

  skipByName(name: string, reason: SkipReason): void {
    const upstream = this.services.upstreams.get(name);
    if (upstream) this.skip(upstream, reason);
  }
}

/** A failure that says something about the request or the credentials, and nothing about the outage that made the call fall back. */
function isRejection({ outcome, kind }: Failure): boolean {
  return outcome === 'neutral' || kind === 'auth' || kind === 'quota';
}
