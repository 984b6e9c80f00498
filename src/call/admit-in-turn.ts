/** Asks upstreams in turn for leave to try them: one with a queue is waited for, one without is passed over. */

import type { Slot } from '../resilience/limits/slot.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { enter, enterWith, type Admitted } from './admission.ts';
import type { CallRun } from './call-state.ts';

type Turn = Admitted | undefined | Promise<Admitted | undefined>;

/**
 * The first of `names`, from index `from` on, that may be asked; a promise only where there is a queue to wait in.
 *
 * @throws APIUserAbortError from the promise, as soon as the caller gives up
 */
export function admitInTurn(names: readonly string[], run: CallRun, nowMs: number, from = 0): Turn {
  const { upstreams, clock } = run.parts;
  for (let index = from; index < names.length; index += 1) {
    const upstream = upstreams.get(names[index] ?? '');
    if (!upstream || upstream.pause.until(nowMs) !== null) continue;
    const entered = enterInTurn(upstream, run, nowMs);
    if (entered instanceof Promise) {
      return entered.then((admitted) => admitted ?? admitInTurn(names, run, clock.now(), index + 1));
    }
    if (entered) return entered;
  }
  return undefined;
}

/** Leave to try this very upstream, whatever pauses say. */
export function enterInTurn(upstream: Upstream, run: CallRun, nowMs: number): Turn {
  const entered = enter(upstream, run, nowMs);
  if (typeof entered !== 'string') return entered;
  const { line } = upstream.limits ?? {};
  if (entered === 'limit' && line && !line.isFull) return waitFor(upstream, run);
  run.refuse(upstream, entered);
  return undefined;
}

async function waitFor(upstream: Upstream, run: CallRun): Promise<Admitted | undefined> {
  const { source, remainingMs } = run;
  run.hasWaited = true;
  const slot = await upstream.limits?.line?.join(run.loadOn(upstream), remainingMs, source.options.signal);
  const entered = slot ? enterAfter(slot, upstream, run) : 'limit';
  if (typeof entered !== 'string') return entered;
  run.refuse(upstream, entered);
  return undefined;
}

/** Others may have been told to wait meanwhile. */
function enterAfter(slot: Slot, upstream: Upstream, run: CallRun): ReturnType<typeof enterWith> {
  const nowMs = run.parts.clock.now();
  const pausedFor = upstream.pause.reason(nowMs);
  if (!pausedFor) return enterWith(slot, upstream, run, nowMs);
  slot.cancel();
  return pausedFor;
}
