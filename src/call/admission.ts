/** Asks breakers, pauses and limits for leave to try an upstream. */

import { Reservation } from '../budgets/budgets.ts';
import type { SkipReason } from '../domain/call.ts';
import type { Permit } from '../resilience/breaker.ts';
import type { Slot } from '../resilience/limits/slot.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { CallState } from './call-state.ts';

/** An upstream that may be tried once; what it holds is to be settled when that has ended. */
export interface Admitted {
  readonly upstream: Upstream;
  readonly permit: Permit | undefined;
  readonly slot: Slot | undefined;
  readonly reservation: Reservation | undefined;
}

type Upstreams = ReadonlyMap<string, Upstream>;

/** The first of `names` that may be asked now. */
export function admitFirst(names: readonly string[], state: CallState): Admitted | undefined {
  const nowMs = state.services.clock.now();
  for (const name of names) {
    const upstream = state.services.upstreams.get(name);
    if (!upstream || upstream.pause.until(nowMs) !== null) continue;
    const entered = acquire(upstream, state, nowMs);
    if (typeof entered !== 'string') return entered;
  }
  return undefined;
}

/** Takes all that one attempt needs, whatever pauses say, or says what refuses it. */
function acquire(upstream: Upstream, state: CallState, nowMs: number): Admitted | SkipReason {
  const { breaker, limits } = upstream;
  if (!limits) return acquireWithSlot(undefined, upstream, state, nowMs);
  if (breaker?.state.state === 'open') return 'breaker';
  const slot = limits.admit(state.loadOn(upstream), nowMs);
  return slot ? acquireWithSlot(slot, upstream, state, nowMs) : 'limit';
}

/** The same for who has a place already, and loses it where a budget or the breaker refuses. */
function acquireWithSlot(
  slot: Slot | undefined,
  upstream: Upstream,
  state: CallState,
  nowMs: number,
): Admitted | SkipReason {
  const { call, services, source } = state;
  const reserved = services.budgets?.reserve(call, upstream.name, source.options.body, nowMs);
  if (reserved && !(reserved instanceof Reservation)) {
    slot?.cancel();
    return 'budget';
  }
  const permit = upstream.breaker?.admit();
  const admitted = { upstream, permit, slot, reservation: reserved };
  if (!upstream.breaker || permit) return admitted;
  release(admitted);
  return 'breaker';
}

/** Gives back what is held for an attempt that is not made. */
export function release({ permit, slot, reservation }: Admitted): void {
  slot?.cancel();
  reservation?.cancel();
  permit?.settle('neutral');
}

/** Whether any of `names` would be admitted or waited for; takes nothing. */
export function canAdmit(names: readonly string[], state: CallState): boolean {
  const nowMs = state.services.clock.now();
  return names.some((name) => {
    const upstream = state.services.upstreams.get(name);
    if (!upstream || upstream.pause.until(nowMs) !== null || upstream.limits?.passesOn(nowMs)) return false;
    return upstream.breaker?.state.state !== 'open' && !state.exceeded(name);
  });
}

/** Where none may be asked: a try of the one of `names` that could be soonest; limits and budgets have room for each of them. */
export function forceAdmission(names: readonly string[], state: CallState): Admitted {
  const { upstreams, clock } = state.services;
  const upstream = soonestOf(names, upstreams, clock.now());
  const reserved = state.services.budgets?.reserve(state.call, upstream.name, state.source.options.body);
  return {
    upstream,
    permit: upstream.breaker?.force(),
    slot: upstream.limits?.admit(state.loadOn(upstream)),
    reservation: reserved instanceof Reservation ? reserved : undefined,
  };
}

/** The one of `names` that may be asked soonest, the earlier one where two may. */
export function soonestOf(names: readonly string[], upstreams: Upstreams, nowMs: number): Upstream {
  let soonest: Upstream | undefined;
  for (const name of names) {
    const upstream = upstreams.get(name);
    if (upstream && (!soonest || readyAtMs(upstream, nowMs) < readyAtMs(soonest, nowMs))) soonest = upstream;
  }
  if (!soonest) throw new RangeError(`No upstream is called ${names.join(' or ')}.`);
  return soonest;
}

/** When an upstream may be asked again, as far as is known. */
export function readyAtMs({ breaker, pause, limits }: Upstream, nowMs: number): number {
  const limitedUntilMs = limits?.blockedUntilMs(nowMs) ?? nowMs;
  return Math.max(breaker?.opensAtMs ?? nowMs, pause.until(nowMs) ?? nowMs, limitedUntilMs);
}

/** Asks upstreams in turn for leave to try them: one with a queue is waited for, one without is passed over. */
type Turn = Admitted | undefined | Promise<Admitted | undefined>;

/**
 * The first of `names`, from index `from` on, that may be asked; a promise only where there is a queue to wait in.
 *
 * @throws APIUserAbortError from the promise, as soon as the caller gives up
 */
export function admitInTurn(names: readonly string[], state: CallState, nowMs: number, from = 0): Turn {
  const { upstreams, clock } = state.services;
  for (let index = from; index < names.length; index += 1) {
    const upstream = upstreams.get(names[index] ?? '');
    if (!upstream || upstream.pause.until(nowMs) !== null) continue;
    const entered = acquireOrQueue(upstream, state, nowMs);
    if (entered instanceof Promise) {
      return entered.then((admitted) => admitted ?? admitInTurn(names, state, clock.now(), index + 1));
    }
    if (entered) return entered;
  }
  return undefined;
}

/** Leave to try this very upstream, whatever pauses say. */
export function acquireOrQueue(upstream: Upstream, state: CallState, nowMs: number): Turn {
  const entered = acquire(upstream, state, nowMs);
  if (typeof entered !== 'string') return entered;
  const { queue } = upstream.limits ?? {};
  if (entered === 'limit' && queue && !queue.isFull) return waitFor(upstream, state);
  state.refuse(upstream, entered);
  return undefined;
}

async function waitFor(upstream: Upstream, state: CallState): Promise<Admitted | undefined> {
  const { source, remainingMs } = state;
  state.hasWaited = true;
  const slot = await upstream.limits?.queue?.join(state.loadOn(upstream), remainingMs, source.options.signal);
  const entered = slot ? acquireAfterWait(slot, upstream, state) : 'limit';
  if (typeof entered !== 'string') return entered;
  state.refuse(upstream, entered);
  return undefined;
}

/** Others may have been told to wait meanwhile. */
function acquireAfterWait(slot: Slot, upstream: Upstream, state: CallState): ReturnType<typeof acquireWithSlot> {
  const nowMs = state.services.clock.now();
  const pausedFor = upstream.pause.reason(nowMs);
  if (!pausedFor) return acquireWithSlot(slot, upstream, state, nowMs);
  slot.cancel();
  return pausedFor;
}
