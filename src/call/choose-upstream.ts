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
export function firstTarget(run: CallState, nowMs: number): Admitted | Promise<Admitted> {
  const admitted = admitPlanned(run, nowMs);
  if (!(admitted instanceof Promise)) return settled(run, admitted);
  return admitted.then(
    (found) => settled(run, found),
    (aborted: unknown) => {
      run.progress.gaveUp('aborted', undefined, run.parts.clock.now());
      throw aborted;
    },
  );
}

function settled(run: CallState, admitted: Admitted | undefined): Admitted {
  const { plan, parts } = run;
  if (admitted?.upstream.name === plan.assigned) return admitted;
  const nowMs = parts.clock.now();
  const target = admitted ?? lastResort(run, nowMs);
  if (target.upstream.name !== plan.assigned) {
    const reason = plan.refusal ?? run.refusedBy ?? 'breaker';
    run.progress.fallback({ from: plan.assigned, to: target.upstream.name, reason, atMs: nowMs });
  }
  return target;
}

/** The others are looked at where the assigned upstream may not be asked. */
function admitPlanned(run: CallState, nowMs: number): Admitted | undefined | Promise<Admitted | undefined> {
  const { assigned, refusal } = run.plan;
  if (refusal) return admitOthers(run, nowMs);
  const admitted = admitInTurn([assigned], run, nowMs);
  if (admitted instanceof Promise) return admitted.then((found) => found ?? admitOthers(run, run.parts.clock.now()));
  return admitted ?? admitOthers(run, nowMs);
}

function admitOthers(run: CallState, nowMs: number): ReturnType<typeof admitInTurn> {
  const { plan } = run;
  const { upstreams } = plan.othersAt(nowMs);
  for (const { upstream, reason } of plan.skipped) if (reason === 'limit') run.refuseByName(upstream, reason);
  return admitInTurn(upstreams, run, nowMs);
}

function lastResort(run: CallState, nowMs: number): Admitted {
  const { plan, parts, call } = run;
  const assigned = parts.upstreams.get(plan.assigned);
  // Who waited in a queue until the deadline has no time left to ask anybody.
  if (run.remainingMs <= 0) return giveUp(run, 'failure', new DeadlineError(run.deadlineMs), 'timeout');
  // Who allows no other upstream has asked to be told rather than to wait for a broken one.
  if (!call.fallbacks && assigned?.breaker?.state.state === 'open') {
    return giveUp(run, 'failure', new BreakerOpenError(plan.assigned, readyAtMs(assigned, nowMs)));
  }
  const passedOver = plan.skipped.filter(({ reason }) => !NEVER_ASKED.has(reason));
  const names = [...plan.upstreams, ...passedOver.map(({ upstream }) => upstream)];
  const dear = plan.skipped.filter(({ reason }) => reason === 'cost').map(({ upstream }) => upstream);
  if (names.length === 0 && dear.length > 0) return giveUp(run, 'neutral', costCapErrorOf(run, dear));
  const unpriced = plan.skipped.find(({ reason }) => reason === 'price');
  if (names.length === 0 && unpriced) return giveUp(run, 'neutral', unknownPriceErrorOf(run, unpriced.upstream));
  const lack = missingCapability(plan.assigned, call, parts.upstreams);
  if (names.length === 0 && lack) return giveUp(run, 'neutral', new CapabilityError(plan.assigned, lack));
  const payable = names.filter((name) => !run.exceeded(name));
  const withPlace = payable.filter((name) => run.hasPlace(name));
  // What a limit or a budget forbids is not tried all the same.
  if (withPlace.length > 0) return forceAdmission(withPlace, run);
  const exceeded = payable.length === 0 ? widestOf(names, run) : undefined;
  if (exceeded) return giveUp(run, 'neutral', new BudgetExceededError(exceeded.snapshot(nowMs)));
  const soonest = soonestOf(payable, parts.upstreams, nowMs);
  const retryAtMs = soonest.limits?.blockedUntilMs(nowMs, run.loadOn(soonest)) ?? nowMs;
  return giveUp(run, 'failure', new RateLimitedError(soonest.name, retryAtMs), 'rateLimit');
}

/** A budget that no other upstream would spare the call says more than one that is for one of them. */
function widestOf(names: readonly string[], run: CallState): Budget | undefined {
  const budgets = names.map((name) => run.exceeded(name));
  return budgets.find((budget) => budget?.policy.scope !== 'upstream') ?? budgets[0];
}

/** What makes an upstream none for the call does not pass with time. */
const NEVER_ASKED: ReadonlySet<SkipReason> = new Set<SkipReason>(['model', 'capability', 'cost', 'price']);

function giveUp(run: CallState, outcome: 'failure' | 'neutral', error: Error, kind?: FailureKind): never {
  run.progress.gaveUp(outcome, kind, run.parts.clock.now());
  throw error;
}

/** The next upstream, and what made the call move on. */
export interface Move {
  readonly kind: FailureKind;
  readonly target: Admitted;
}

/** @throws APIUserAbortError if the caller gives up in a queue */
export async function nextTarget(run: CallState, { kind, tryNext }: Failure): Promise<Move | undefined> {
  if (!tryNext || kind === undefined || run.attemptsLeft < 1 || run.remainingMs <= 0) return undefined;
  const target = await admitInTurn(run.untried(kind), run, run.parts.clock.now());
  return target && { kind, target };
}

/* PART: Tells the caller of a call that nobody may be asked about for its price why. */

/** `upstreams`: those passed over for their cost. */
function costCapErrorOf({ call, parts, source }: CallState, upstreams: readonly string[]): CostCapError {
  const estimates = upstreams.map((upstream) => ({
    upstream,
    estimateUsd: parts.estimateCostUsd(upstream, call, source.options.body) ?? Infinity,
  }));
  const least = estimates.toSorted((one, other) => one.estimateUsd - other.estimateUsd)[0];
  return new CostCapError({ maxCostUsd: call.maxCostUsd ?? 0, estimateUsd: Infinity, upstream: '', ...least });
}

/** `upstream`: one that was passed over since no price is known there. */
function unknownPriceErrorOf({ call, parts }: CallState, upstream: string): UnknownPriceError {
  return new UnknownPriceError(upstream, upstreamModel(parts.upstreams.get(upstream)?.config.rules.model, call));
}
