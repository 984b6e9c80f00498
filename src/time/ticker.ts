/** Work at an interval, until its target is garbage-collected. */

import type { Clock, Timer } from './clock.ts';

export interface Ticker {
  stop(): void;
}

/**
 * Calls `tick(target)` every `everyMs`. The target is held weakly: a client that the application does not close can
 * still be garbage-collected, and its ticker then stops.
 */
export function startTicker<T extends object>(
  clock: Clock,
  everyMs: number,
  target: T,
  tick: (target: T) => void,
): Ticker {
  const held = new WeakRef(target);
  let timer: Timer;
  const next = (): void => {
    timer = clock.setTimeout(() => {
      const alive = held.deref();
      if (!alive) return;
      next();
      tick(alive);
    }, everyMs);
  };
  next();
  return { stop: () => timer.cancel() };
}
