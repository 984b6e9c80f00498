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
export function admitFirst(names: readonly string[], run: CallState): Admitted | undefined {
  const nowMs = run.parts.clock.now();
  for (const name of names) {
    const upstream = run.parts.upstreams.get(name);
    if (!upstream || upstream.pause.until(nowMs) !== null) continue;
    const entered = acquire(upstream, run, nowMs);
    if (typeof entered !== 'string') return entered;
  }
  return undefined;
}

/** Takes all that one attempt needs, whatever pauses say, or says what refuses it. */
function acquire(upstream: Upstream, run: CallState, nowMs: number): Admitted | SkipReason {
  const { breaker, limits } = upstream;
  if (!limits) return acquireWithSlot(undefined, upstream, run, nowMs);
  if (breaker?.state.state === 'open') return 'breaker';
  const slot = limits.admit(run.loadOn(upstream), nowMs);
  return slot ? acquireWithSlot(slot, upstream, run, nowMs) : 'limit';
}

/** The same for who has a place already, and loses it where a budget or the breaker refuses. */
function acquireWithSlot(slot: Slot | undefined, upstream: Upstream, run: CallState, nowMs: number): Admitted | SkipReason {
  const { call, parts, source } = run;
  const reserved = parts.budgets?.reserve(call, upstream.name, source.options.body, nowMs);
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
export function canAdmit(names: readonly string[], run: CallState): boolean {
  const nowMs = run.parts.clock.now();
  return names.some((name) => {
    const upstream = run.parts.upstreams.get(name);
    if (!upstream || upstream.pause.until(nowMs) !== null || upstream.limits?.passesOn(nowMs)) return false;
    return upstream.breaker?.state.state !== 'open' && !run.exceeded(name);
  });
}

/** Where none may be asked: a try of the one of `names` that could be soonest; limits and budgets have room for each of them. */
export function forceAdmission(names: readonly string[], run: CallState): Admitted {
  const { upstreams, clock } = run.parts;
  const upstream = soonestOf(names, upstreams, clock.now());
  const reserved = run.parts.budgets?.reserve(run.call, upstream.name, run.source.options.body);
  return {
    upstream,
    permit: upstream.breaker?.force(),
    slot: upstream.limits?.admit(run.loadOn(upstream)),
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
export function admitInTurn(names: readonly string[], run: CallState, nowMs: number, from = 0): Turn {
  const { upstreams, clock } = run.parts;
  for (let index = from; index < names.length; index += 1) {
    const upstream = upstreams.get(names[index] ?? '');
    if (!upstream || upstream.pause.until(nowMs) !== null) continue;
    const entered = acquireOrQueue(upstream, run, nowMs);
    if (entered instanceof Promise) {
      return entered.then((admitted) => admitted ?? admitInTurn(names, run, clock.now(), index + 1));
    }
    if (entered) return entered;
  }
  return undefined;
}

/** Leave to try this very upstream, whatever pauses say. */
export function acquireOrQueue(upstream: Upstream, run: CallState, nowMs: number): Turn {
  const entered = acquire(upstream, run, nowMs);
  if (typeof entered !== 'string') return entered;
  const { line } = upstream.limits ?? {};
  if (entered === 'limit' && line && !line.isFull) return waitFor(upstream, run);
  run.refuse(upstream, entered);
  return undefined;
}

async function waitFor(upstream: Upstream, run: CallState): Promise<Admitted | undefined> {
  const { source, remainingMs } = run;
  run.hasWaited = true;
  const slot = await upstream.limits?.line?.join(run.loadOn(upstream), remainingMs, source.options.signal);
  const entered = slot ? acquireAfterWait(slot, upstream, run) : 'limit';
  if (typeof entered !== 'string') return entered;
  run.refuse(upstream, entered);
  return undefined;
}

/** Others may have been told to wait meanwhile. */
function acquireAfterWait(slot: Slot, upstream: Upstream, run: CallState): ReturnType<typeof acquireWithSlot> {
  const nowMs = run.parts.clock.now();
  const pausedFor = upstream.pause.reason(nowMs);
  if (!pausedFor) return acquireWithSlot(slot, upstream, run, nowMs);
  slot.cancel();
  return pausedFor;
}
