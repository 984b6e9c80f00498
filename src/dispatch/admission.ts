/** Asks breakers and pauses for leave to try an upstream. */

import type { Permit } from '../upstream/breaker.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** An upstream that may be tried once; `permit` is to be settled with the outcome. */
export interface Admitted {
  readonly upstream: Upstream;
  readonly permit: Permit | undefined;
}

type Upstreams = ReadonlyMap<string, Upstream>;

/** The first of `names` that may be asked now. */
export function admit(names: readonly string[], upstreams: Upstreams, nowMs: number): Admitted | undefined {
  for (const name of names) {
    const upstream = upstreams.get(name);
    if (!upstream || upstream.pause.until(nowMs) !== null) continue;
    if (!upstream.breaker) return { upstream, permit: undefined };
    const permit = upstream.breaker.admit();
    if (permit) return { upstream, permit };
  }
  return undefined;
}

/** Whether any of `names` would be admitted; asks no breaker for a permit. */
export function canAdmit(names: readonly string[], upstreams: Upstreams, nowMs: number): boolean {
  return names.some((name) => {
    const upstream = upstreams.get(name);
    return upstream && upstream.pause.until(nowMs) === null && upstream.breaker?.state.state !== 'open';
  });
}

/** Where none may be asked: a try of the one of `names` that could be soonest. */
export function admitAnyway(names: readonly string[], upstreams: Upstreams, nowMs: number): Admitted {
  const upstream = soonestOf(names, upstreams, nowMs);
  return { upstream, permit: upstream.breaker?.force() };
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
export function readyAtMs(upstream: Upstream, nowMs: number): number {
  return Math.max(upstream.breaker?.opensAtMs ?? nowMs, upstream.pause.until(nowMs) ?? nowMs);
}
