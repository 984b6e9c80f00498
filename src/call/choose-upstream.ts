/** Which upstream a call is tried on first, and which one after a failure. */

import type { Budget } from '../budgets/budget.ts';
import type { FailureKind } from '../domain/attempt.ts';
import type { SkipReason } from '../domain/call.ts';
import {
  BreakerOpenError,
  BudgetExceededError,
  CapabilityError,
  CostCapError,
  DeadlineError,
  RateLimitedError,
  UnknownPriceError,
} from '../domain/errors.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { Failure } from '../resilience/failure.ts';
import { forceAdmission, admitInTurn, type Admitted, readyAtMs, soonestOf } from './admission.ts';
import type { CallState } from './call-state.ts';
import { missingCapability } from './eligibility.ts';

/**
 * The assigned upstream, or the next of the plan that may be asked; where none may, the one that could be soonest. A promise
 * only where there is a queue to wait in.
 */
export function firstTarget(state: CallState, nowMs: number): Admitted | Promise<Admitted> {
  const admitted = admitPlanned(state, nowMs);
  if (!(admitted instanceof Promise)) return settled(state, admitted);
  return admitted.then(
    (found) => settled(state, found),
    (aborted: unknown) => {
      state.recorder.gaveUp('aborted', undefined, state.services.clock.now());
      throw aborted;
    },
  );
}

function settled(state: CallState, admitted: Admitted | undefined): Admitted {
  const { plan, services } = state;
  if (admitted?.upstream.name === plan.assigned) return admitted;
  const nowMs = services.clock.now();
  const target = admitted ?? lastResort(state, nowMs);
  if (target.upstream.name !== plan.assigned) {
    const reason = plan.refusal ?? state.refusedBy ?? 'breaker';
    state.recorder.fallback({ from: plan.assigned, to: target.upstream.name, reason, atMs: nowMs });
  }
  return target;
}

/** The others are looked at where the assigned upstream may not be asked. */
function admitPlanned(state: CallState, nowMs: number): Admitted | undefined | Promise<Admitted | undefined> {
  const { assigned, refusal } = state.plan;
  if (refusal) return admitOthers(state, nowMs);
  const admitted = admitInTurn([assigned], state, nowMs);
  if (admitted instanceof Promise)
    return admitted.then((found) => found ?? admitOthers(state, state.services.clock.now()));
  return admitted ?? admitOthers(state, nowMs);
}

function admitOthers(state: CallState, nowMs: number): ReturnType<typeof admitInTurn> {
  const { plan } = state;
  const { upstreams } = plan.othersAt(nowMs);
  for (const { upstream, reason } of plan.skipped) if (reason === 'limit') state.refuseByName(upstream, reason);
  return admitInTurn(upstreams, state, nowMs);
}

function lastResort(state: CallState, nowMs: number): Admitted {
  const { plan, services, call } = state;
  const assigned = services.upstreams.get(plan.assigned);
  // Who waited in a queue until the deadline has no time left to ask anybody.
  if (state.remainingMs <= 0) return giveUp(state, 'failure', new DeadlineError(state.deadlineMs), 'timeout');
  // Who allows no other upstream has asked to be told rather than to wait for a broken one.
  if (!call.fallbacks && assigned?.breaker?.state.state === 'open') {
    return giveUp(state, 'failure', new BreakerOpenError(plan.assigned, readyAtMs(assigned, nowMs)));
  }
  const passedOver = plan.skipped.filter(({ reason }) => !NEVER_ASKED.has(reason));
  const names = [...plan.upstreams, ...passedOver.map(({ upstream }) => upstream)];
  const dear = plan.skipped.filter(({ reason }) => reason === 'cost').map(({ upstream }) => upstream);
  if (names.length === 0 && dear.length > 0) return giveUp(state, 'neutral', costCapErrorOf(state, dear));
  const unpriced = plan.skipped.find(({ reason }) => reason === 'price');
  if (names.length === 0 && unpriced) return giveUp(state, 'neutral', unknownPriceErrorOf(state, unpriced.upstream));
  const lack = missingCapability(plan.assigned, call, services.upstreams);
  if (names.length === 0 && lack) return giveUp(state, 'neutral', new CapabilityError(plan.assigned, lack));
  const payable = names.filter((name) => !state.exceeded(name));
  const withPlace = payable.filter((name) => state.hasPlace(name));
  // What a limit or a budget forbids is not tried all the same.
  if (withPlace.length > 0) return forceAdmission(withPlace, state);
  const exceeded = payable.length === 0 ? widestOf(names, state) : undefined;
  if (exceeded) return giveUp(state, 'neutral', new BudgetExceededError(exceeded.snapshot(nowMs)));
  const soonest = soonestOf(payable, services.upstreams, nowMs);
  const retryAtMs = soonest.limits?.blockedUntilMs(nowMs, state.loadOn(soonest)) ?? nowMs;
  return giveUp(state, 'failure', new RateLimitedError(soonest.name, retryAtMs), 'rateLimit');
}

/** A budget that no other upstream would spare the call says more than one that is for one of them. */
function widestOf(names: readonly string[], state: CallState): Budget | undefined {
  const budgets = names.map((name) => state.exceeded(name));
  return budgets.find((budget) => budget?.policy.scope !== 'upstream') ?? budgets[0];
}

/** What makes an upstream none for the call does not pass with time. */
const NEVER_ASKED: ReadonlySet<SkipReason> = new Set<SkipReason>(['model', 'capability', 'cost', 'price']);

function giveUp(state: CallState, outcome: 'failure' | 'neutral', error: Error, kind?: FailureKind): never {
  state.recorder.gaveUp(outcome, kind, state.services.clock.now());
  throw error;
}

/** The next upstream, and what made the call move on. */
export interface Move {
  readonly kind: FailureKind;
  readonly target: Admitted;
}

/** @throws APIUserAbortError if the caller gives up in a queue */
export async function nextTarget(state: CallState, { kind, tryNext }: Failure): Promise<Move | undefined> {
  if (!tryNext || kind === undefined || state.attemptsLeft < 1 || state.remainingMs <= 0) return undefined;
  const target = await admitInTurn(state.untried(kind), state, state.services.clock.now());
  return target && { kind, target };
}

/* PART: Tells the caller of a call that nobody may be asked about for its price why. */

/** `upstreams`: those passed over for their cost. */
function costCapErrorOf({ call, services, source }: CallState, upstreams: readonly string[]): CostCapError {
  const estimates = upstreams.map((upstream) => ({
    upstream,
    estimateUsd: services.estimateCostUsd(upstream, call, source.options.body) ?? Infinity,
  }));
  const least = estimates.toSorted((one, other) => one.estimateUsd - other.estimateUsd)[0];
  return new CostCapError({ maxCostUsd: call.maxCostUsd ?? 0, estimateUsd: Infinity, upstream: '', ...least });
}

/** `upstream`: one that was passed over since no price is known there. */
function unknownPriceErrorOf({ call, services }: CallState, upstream: string): UnknownPriceError {
  return new UnknownPriceError(upstream, upstreamModel(services.upstreams.get(upstream)?.config.rules.model, call));
}
