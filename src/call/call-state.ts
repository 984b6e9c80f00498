/** One call while it is dispatched: what it may still use, and what has happened to it. */

import type { Call, SkipReason } from '../domain/call.ts';
import type { FailureKind } from '../domain/attempt.ts';
import type { Budget } from '../budgets/budget.ts';
import { estimateOutput } from '../pricing/estimate-output.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { Failure } from '../resilience/failure.ts';
import type { Load } from '../resilience/limits/slot.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { CallPlan } from './call-plan.ts';
import { routeOfTask } from './plan-call.ts';
import { CallRecorder, totalCostUsd } from './call-record.ts';
import type { AnswerObserver, CallSource, CallServices } from './call-services.ts';
import { ineligibleReason } from './eligibility.ts';

/** The SDK's own default, and the least that an attempt budget of ours is. */
const LEAST_EXTRA_ATTEMPTS = 2;
/** As the SDK's time-out: ten minutes. */
const DEFAULT_DEADLINE_MS = 600_000;

export class CallState {
  readonly call: Call;
  readonly plan: CallPlan;
  readonly source: CallSource;
  readonly services: CallServices;
  readonly recorder: CallRecorder;
  readonly deadlineMs: number;
  readonly #extraAttempts: number;
  #tried: readonly string[] = [];
  /** The first error that was an upstream's fault: what the caller sees if later ones are about something else. */
  firstFault: { readonly error: unknown; readonly failure: Failure } | undefined;
  /** Why the assigned upstream was not asked, where the plan did not know that yet. */
  refusedBy: SkipReason | undefined;
  /** It stood in a queue: the SDK's time-out for its attempt would come after its deadline. */
  hasWaited = false;

  /** Reads the answer, where copies of the call are sent. */
  mirror: AnswerObserver | undefined;

  constructor(call: Call, plan: CallPlan, source: CallSource, services: CallServices) {
    this.call = call;
    this.plan = plan;
    this.source = source;
    this.services = services;
    this.recorder = new CallRecorder(call, plan.assigned, services.observer, services.pricing);
    source.mode.ledger = this.recorder.ledger;
    this.deadlineMs = services.policy.deadlineMs ?? Math.max(DEFAULT_DEADLINE_MS, source.timeoutMs);
    const extra = services.policy.attempts ?? Math.max(LEAST_EXTRA_ATTEMPTS, source.maxRetries);
    this.#extraAttempts = call.replayable ? extra : 0;
  }

  /** Attempts that may still be made. */
  get attemptsLeft(): number {
    return 1 + this.#extraAttempts - this.recorder.started;
  }

  get remainingMs(): number {
    return this.call.startedAtMs + this.deadlineMs - this.services.clock.now();
  }

  markTried(upstream: string): void {
    this.#tried = this.#tried.length === 0 ? [upstream] : [...this.#tried, upstream];
  }

  /** Upstreams that have not been asked and may serve the call after a failure of `kind`, in order. */
  untried(kind: FailureKind): readonly string[] {
    const { call, plan, services, source } = this;
    if (!call.fallbacks || call.ownedId !== undefined) return [];
    const order = plan.reason === 'task' ? routeOfTask(call, services.taskRoutes) : undefined;
    const names = services.fallbacks.after(plan.assigned, kind, order);
    const { body } = source.options;
    const fits = (name: string): boolean => !ineligibleReason(name, call, body, services) && this.affords(name);
    return names.filter((name) => !this.#tried.includes(name) && fits(name));
  }

  /** Whether one more attempt stays within what the call may cost: less what attempts did cost, as far as is known, and what those under way may. */
  affords(name: string): boolean {
    const { call, services, recorder, source } = this;
    if (call.maxCostUsd === undefined) return true;
    const estimateUsd = (upstream: string): number =>
      services.estimateCostUsd(upstream, call, source.options.body) ?? 0;
    const spentUsd = totalCostUsd(recorder.attempts) ?? 0;
    return (
      [...recorder.underWay, name].reduce((sumUsd, each) => sumUsd + estimateUsd(each), spentUsd) <= call.maxCostUsd
    );
  }

  /** What an attempt on `upstream` takes of its limits. */
  loadOn({ config: { rules } }: Upstream): Load {
    const { call } = this;
    const { body } = this.source.options;
    const tokens = this.services.inputTokensOf(call, body) + estimateOutput(call.surface, body, rules);
    return { tokens, model: upstreamModel(rules.model, call) };
  }

  /** Whether the limits of an upstream, if it has any, have room for the call. */
  hasPlace(name: string): boolean {
    const upstream = this.services.upstreams.get(name);
    if (!upstream?.limits) return true;
    const { queue } = upstream.limits;
    if (queue && queue.length > 0) return false;
    return upstream.limits.blockedUntilMs(this.services.clock.now(), this.loadOn(upstream)) === undefined;
  }

  /** The budget that refuses the call on an upstream, if one does. */
  exceeded(name: string): Budget | undefined {
    return this.services.budgets?.refusing(this.call, name, this.source.options.body);
  }

  /** An upstream is passed over. */
  refuse(upstream: Upstream, reason: SkipReason): void {
    if (upstream.name === this.plan.assigned) this.refusedBy = reason;
    if (reason !== 'limit' || !upstream.limits?.becomesFull()) return;
    const nowMs = this.services.clock.now();
    const untilMs = upstream.limits.blockedUntilMs(nowMs, this.loadOn(upstream)) ?? nowMs;
    this.services.observer.full({ upstream: upstream.name, kind: 'limit', untilMs, atMs: nowMs });
  }

  refuseByName(name: string, reason: SkipReason): void {
    const upstream = this.services.upstreams.get(name);
    if (upstream) this.refuse(upstream, reason);
  }
}
