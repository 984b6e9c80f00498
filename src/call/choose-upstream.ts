/** Chooses the upstream that a call is tried on first, and the next one after a failure. */

import type { Budget } from '../budgets/budget.ts';
import type { FailureKind } from '../domain/attempt.ts';
import type { SkipReason } from '../domain/call.ts';
import {
  BudgetExceededError,
  CapabilityError,
  CostCapError,
  DeadlineError,
  RateLimitedError,
  UnknownPriceError,
} from '../domain/errors.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import { type Failure, isRefusal } from '../resilience/failure.ts';
import { sleep } from '../time/wait.ts';
import { admitInTurn, type Admitted, forceAdmission, soonestOf } from './admission.ts';
import type { CallState } from './call-state.ts';
import { missingCapability } from './eligibility.ts';
import { returnDelayMs } from './retry-delay.ts';

/**
 * The assigned upstream, or the next one of the plan that admits the call; if all refuse it, the one that is available soonest. A promise
 * only if the call waits in a queue.
 */
export function firstTarget(state: CallState, nowMs: number): Admitted | Promise<Admitted> {
  const admitted = admitPlanned(state, nowMs);
  if (!(admitted instanceof Promise)) return settled(state, admitted);
  return admitted.then(
    (target) => settled(state, target),
    (aborted: unknown) => {
      state.recorder.gaveUp('aborted', undefined, state.services.clock.now());
      throw aborted;
    },
  );
}

/** The next upstream, and the failure kind that made the call move on. */
export interface Move {
  readonly kind: FailureKind;
  readonly target: Admitted;
}

/** @throws APIUserAbortError if the caller aborts while the call waits in a queue */
export async function nextTarget(state: CallState, failure: Failure, from: string): Promise<Move | undefined> {
  const { kind } = failure;
  if (kind === undefined || state.remainingMs <= 0) return undefined;
  // To ask for an unknown id has no effect, so it takes none of the call's attempts.
  if (!state.isForeign && state.attemptsLeft < 1) return undefined;
  const names = state.untriedAfter(failure);
  const nowMs = state.services.clock.now();
  const next = (await admitInTurn(names, state, nowMs)) ?? forceStable(state, names, failure);
  const target = next ?? (await returnToStable(state, from));
  return target && { kind, target };
}

/** Stable was left for an upstream that cannot serve the call either, such as one whose key is refused. */
async function returnToStable(state: CallState, from: string): Promise<Admitted | undefined> {
  const { services, source, attemptsLeft } = state;
  const { stable, clock } = services;
  if (from === stable || attemptsLeft < 1 || state.isForeign || !canReturn(state, stable)) return undefined;
  const delayMs = returnDelayMs(state);
  if (delayMs === undefined) return undefined;
  await sleep(clock, delayMs, source.options.signal);
  return canReturn(state, stable) ? forceAdmission([stable], state) : undefined;
}

function canReturn(state: CallState, stable: string): boolean {
  return state.affords(stable) && !state.exceededBudget(stable) && state.hasRoom(stable);
}

/** Stable is asked after a refusal even while its breaker is open or it is paused: the bare SDK would have asked it. */
function forceStable(state: CallState, names: readonly string[], failure: Failure): Admitted | undefined {
  const { stable } = state.services;
  if (!isRefusal(failure) || !names.includes(stable)) return undefined;
  return state.exceededBudget(stable) || !state.hasRoom(stable) ? undefined : forceAdmission([stable], state);
}

function settled(state: CallState, admitted: Admitted | undefined): Admitted {
  const { plan, services } = state;
  if (admitted?.upstream.name === plan.assigned) return admitted;
  const nowMs = services.clock.now();
  const target = admitted ?? lastResort(state, nowMs);
  if (target.upstream.name !== plan.assigned) {
    const reason = plan.refusal ?? state.skipReason ?? 'breaker';
    state.recorder.fallback({ from: plan.assigned, to: target.upstream.name, reason, atMs: nowMs });
  }
  return target;
}

function admitPlanned(state: CallState, nowMs: number): Admitted | undefined | Promise<Admitted | undefined> {
  const { assigned, refusal } = state.plan;
  if (refusal) return admitOthers(state, nowMs);
  const admitted = admitInTurn([assigned], state, nowMs);
  if (admitted instanceof Promise)
    return admitted.then((target) => target ?? admitOthers(state, state.services.clock.now()));
  return admitted ?? admitOthers(state, nowMs);
}

function admitOthers(state: CallState, nowMs: number): ReturnType<typeof admitInTurn> {
  const { plan } = state;
  const { upstreams } = plan.othersAt(nowMs);
  for (const { upstream, reason } of plan.skipped) if (reason === 'limit') state.skipByName(upstream, reason);
  return admitInTurn(upstreams, state, nowMs);
}

/** No upstream admits the call: tries one that is only paused or has an open breaker, or throws the error that says most. */
function lastResort(state: CallState, nowMs: number): Admitted {
  const { plan, services, call } = state;
  // A call that waited in a queue until its deadline has no time left for an attempt.
  if (state.remainingMs <= 0) return giveUp(state, 'failure', new DeadlineError(state.deadlineMs), 'timeout');
  const unavailable = plan.skipped.filter(({ reason }) => !PERMANENT_REASONS.has(reason));
  const names = [...plan.upstreams, ...unavailable.map(({ upstream }) => upstream)];
  const tooExpensive = plan.skipped.filter(({ reason }) => reason === 'cost').map(({ upstream }) => upstream);
  if (names.length === 0 && tooExpensive.length > 0) return giveUp(state, 'neutral', costCapError(state, tooExpensive));
  const unpriced = plan.skipped.find(({ reason }) => reason === 'price');
  if (names.length === 0 && unpriced) return giveUp(state, 'neutral', unknownPriceError(state, unpriced.upstream));
  const missing = missingCapability(plan.assigned, call, services.upstreams);
  if (names.length === 0 && missing) return giveUp(state, 'neutral', new CapabilityError(plan.assigned, missing));
  const withinBudget = names.filter((name) => !state.exceededBudget(name));
  const withRoom = withinBudget.filter((name) => state.hasRoom(name));
  // Pauses and breakers may be ignored here, limits and budgets may not.
  if (withRoom.length > 0) return forceAdmission(withRoom, state);
  const exceeded = withinBudget.length === 0 ? widestBudget(names, state) : undefined;
  if (exceeded) return giveUp(state, 'neutral', new BudgetExceededError(exceeded.snapshot(nowMs)));
  const soonest = soonestOf(withinBudget, services.upstreams, call, nowMs);
  const retryAtMs = soonest.limits?.blockedUntilMs(nowMs, state.loadOn(soonest)) ?? nowMs;
  return giveUp(state, 'failure', new RateLimitedError(soonest.name, retryAtMs), 'rateLimit');
}

/** Permanent reasons: waiting would not make such an upstream eligible. */
const PERMANENT_REASONS: ReadonlySet<SkipReason> = new Set<SkipReason>([
  'model',
  'capability',
  'cost',
  'price',
  'rolledBack',
]);

/** The exceeded budget to report: one that holds for all upstreams says more than one of a single upstream. */
function widestBudget(names: readonly string[], state: CallState): Budget | undefined {
  const budgets = names.map((name) => state.exceededBudget(name));
  return budgets.find((budget) => budget?.policy.scope !== 'upstream') ?? budgets[0];
}

function giveUp(state: CallState, outcome: 'failure' | 'neutral', error: Error, kind?: FailureKind): never {
  state.recorder.gaveUp(outcome, kind, state.services.clock.now());
  throw error;
}

/** @param upstreams the upstreams that were skipped for their cost */
function costCapError({ call, services, source }: CallState, upstreams: readonly string[]): CostCapError {
  const estimates = upstreams.map((upstream) => ({
    upstream,
    estimateUsd: services.estimateCostUsd(upstream, call, source.options.body) ?? Infinity,
  }));
  const least = estimates.toSorted((one, other) => one.estimateUsd - other.estimateUsd)[0];
  return new CostCapError({ maxCostUsd: call.maxCostUsd ?? 0, estimateUsd: Infinity, upstream: '', ...least });
}

/** @param upstream one that was skipped because its price is unknown */
function unknownPriceError({ call, services }: CallState, upstream: string): UnknownPriceError {
  return new UnknownPriceError(upstream, upstreamModel(services.upstreams.get(upstream)?.config.rules.model, call));
}
