/** Acquires what an attempt needs: a slot within the limits, a budget reservation, and a permit of the breaker. */

import { Reservation } from '../budgets/reservation.ts';
import type { Call, SkipReason } from '../domain/call.ts';
import type { Permit } from '../resilience/breaker.ts';
import type { Slot } from '../resilience/limits/slot.ts';
import { downUntilMs, requestedModel, stateFor, type Upstream } from '../upstream/upstream.ts';
import type { CallState } from './call-state.ts';

/** An upstream that admitted one attempt, and what was acquired for it. It is settled after the attempt, or released without one. */
export interface Admitted {
  readonly upstream: Upstream;
  readonly permit: Permit | undefined;
  readonly slot: Slot | undefined;
  readonly reservation: Reservation | undefined;
}

/** `undefined` if no upstream admits the attempt; a promise only if the attempt waits in a queue. */
type Admission = Admitted | undefined | Promise<Admitted | undefined>;

type Upstreams = ReadonlyMap<string, Upstream>;

/** The first of `names` that admits an attempt now. Queues are passed over. */
export function admitFirst(names: readonly string[], state: CallState): Admitted | undefined {
  const nowMs = state.services.clock.now();
  for (const name of names) {
    const upstream = state.services.upstreams.get(name);
    if (!upstream || isKeptFrom(upstream, state, nowMs)) continue;
    const acquired = acquire(upstream, state, nowMs, false);
    if (typeof acquired !== 'string') return acquired;
  }
  return undefined;
}

/**
 * The first of `names`, from index `from` on, that admits an attempt. An upstream with a queue is waited for; one without is passed over.
 *
 * @throws APIUserAbortError from the promise, as soon as the caller aborts
 */
export function admitInTurn(names: readonly string[], state: CallState, nowMs: number, from = 0): Admission {
  const { upstreams, clock } = state.services;
  for (let index = from; index < names.length; index += 1) {
    const upstream = upstreams.get(names[index] ?? '');
    if (!upstream || isKeptFrom(upstream, state, nowMs)) continue;
    const acquired = acquireOrQueue(upstream, state, nowMs);
    if (acquired instanceof Promise) {
      return acquired.then((admitted) => admitted ?? admitInTurn(names, state, clock.now(), index + 1));
    }
    if (acquired) return acquired;
  }
  return undefined;
}

/** How often a call waits for a part of a shared limit: other calls may take the first one. */
const MAX_REFILLS = 3;

/** Admits an attempt on this upstream, ignoring its pause, and its breaker if `isForced`. */
export function acquireOrQueue(
  upstream: Upstream,
  state: CallState,
  nowMs: number,
  isForced = false,
  refills = 0,
): Admission {
  const acquired = acquire(upstream, state, nowMs, isForced);
  if (typeof acquired !== 'string') return acquired;
  const { limits } = upstream;
  if (acquired === 'limit' && limits) {
    const refilled = refills < MAX_REFILLS ? limits.refilled(state.loadOn(upstream), nowMs) : undefined;
    const again = (): Admission => acquireOrQueue(upstream, state, state.services.clock.now(), isForced, refills + 1);
    if (refilled) return refilled.then(again);
    if (limits.queue && !limits.queue.isFull) return waitFor(upstream, state);
  }
  state.skip(upstream, acquired);
  return undefined;
}

async function waitFor(upstream: Upstream, state: CallState): Promise<Admitted | undefined> {
  const { signal } = state.source.options;
  // From here on the call has a deadline: a queue is not waited in without end.
  state.hasWaited = true;
  const slot = await upstream.limits?.queue?.join(state.loadOn(upstream), state.remainingMs, signal);
  const acquired = slot ? acquireAfterWait(slot, upstream, state) : 'limit';
  if (typeof acquired !== 'string') return acquired;
  state.skip(upstream, acquired);
  return undefined;
}

/** The upstream may have been paused during the wait. */
function acquireAfterWait(slot: Slot, upstream: Upstream, state: CallState): ReturnType<typeof acquireWithSlot> {
  const nowMs = state.services.clock.now();
  const pausedFor = stateFor(upstream, state.call).pause.reason(nowMs);
  if (!pausedFor) return acquireWithSlot(slot, upstream, state, nowMs);
  slot.cancel();
  return pausedFor;
}

/** Acquires all that one attempt needs, or returns the reason for the refusal. Pauses are ignored, and so is the breaker if `isForced`. */
function acquire(upstream: Upstream, state: CallState, nowMs: number, isForced: boolean): Admitted | SkipReason {
  const { limits } = upstream;
  if (!limits) return acquireWithSlot(undefined, upstream, state, nowMs, isForced);
  if (!isForced && stateFor(upstream, state.call).breaker?.state.state === 'open') return 'breaker';
  const slot = limits.admit(state.loadOn(upstream), nowMs);
  return slot ? acquireWithSlot(slot, upstream, state, nowMs, isForced) : 'limit';
}

/** As `acquire`, for a caller that already holds a slot. The slot is released if the budget or the breaker refuses. */
function acquireWithSlot(
  slot: Slot | undefined,
  upstream: Upstream,
  state: CallState,
  nowMs: number,
  isForced = false,
): Admitted | SkipReason {
  const { call, services, source } = state;
  const reserved = services.budgets?.reserve(call, upstream.name, source.options.body, nowMs);
  if (reserved && !(reserved instanceof Reservation)) {
    slot?.cancel();
    return 'budget';
  }
  const { breaker } = upstream.models.of(requestedModel(upstream, call));
  const permit = isForced ? breaker?.force() : breaker?.admit();
  const admitted = { upstream, permit, slot, reservation: reserved };
  if (!breaker || permit) return admitted;
  release(admitted);
  return 'breaker';
}

/** Releases what was acquired for an attempt that is not made. */
export function release({ permit, slot, reservation }: Admitted): void {
  slot?.cancel();
  reservation?.cancel();
  permit?.settle('neutral');
}

/** Whether one of `names` would admit an attempt or queue it. Nothing is acquired. */
export function canAdmit(names: readonly string[], state: CallState): boolean {
  const nowMs = state.services.clock.now();
  return names.some((name) => {
    const upstream = state.services.upstreams.get(name);
    if (!upstream || isKeptFrom(upstream, state, nowMs) || upstream.limits?.passesOn(nowMs)) return false;
    return stateFor(upstream, state.call).breaker?.state.state !== 'open' && !state.exceededBudget(name);
  });
}

/** Paused, or not reached by the last check. */
function isKeptFrom(upstream: Upstream, { call }: CallState, nowMs: number): boolean {
  return stateFor(upstream, call).pause.until(nowMs) !== null || downUntilMs(upstream, nowMs) !== undefined;
}

/**
 * Admits an attempt although every upstream is paused or has an open breaker: on the one of `names` that is available soonest. The caller
 * has checked that limits and budgets of all `names` have room.
 */
export function forceAdmission(names: readonly string[], state: CallState): Admitted {
  const { upstreams, clock } = state.services;
  const upstream = soonestOf(names, upstreams, state.call, clock.now());
  const reserved = state.services.budgets?.reserve(state.call, upstream.name, state.source.options.body);
  return {
    upstream,
    permit: upstream.models.of(requestedModel(upstream, state.call)).breaker?.force(),
    slot: upstream.limits?.admit(state.loadOn(upstream), clock.now(), true),
    reservation: reserved instanceof Reservation ? reserved : undefined,
  };
}

/** The one of `names` that is available soonest; the earlier name if two are equal. */
export function soonestOf(names: readonly string[], upstreams: Upstreams, call: Call, nowMs: number): Upstream {
  let soonest: Upstream | undefined;
  for (const name of names) {
    const upstream = upstreams.get(name);
    if (upstream && (!soonest || availableAtMs(upstream, call, nowMs) < availableAtMs(soonest, call, nowMs))) {
      soonest = upstream;
    }
  }
  if (!soonest) throw new RangeError(`No upstream is called ${names.join(' or ')}.`);
  return soonest;
}

/** When breaker, pause and limits allow the next attempt, as far as is known. */
export function availableAtMs(upstream: Upstream, call: Call, nowMs: number): number {
  const { breaker, pause } = stateFor(upstream, call);
  const limitedUntilMs = upstream.limits?.blockedUntilMs(nowMs) ?? nowMs;
  const downMs = downUntilMs(upstream, nowMs) ?? nowMs;
  return Math.max(breaker?.opensAtMs ?? nowMs, pause.until(nowMs) ?? nowMs, downMs, limitedUntilMs);
}
