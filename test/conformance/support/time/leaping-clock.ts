/** A clock whose time can stand still and leap while its timers run normally. */

import type { Clock, Timer } from '../../../../src/index.ts';

export class LeapingClock implements Clock {
  readonly #timers: Clock;
  #aheadMs = 0;
  #stoodStillAtMs: number | undefined;

  /** @param timers the clock that runs the timers */
  constructor(timers: Clock) {
    this.#timers = timers;
  }

  now(): number {
    return this.#stoodStillAtMs ?? this.#timers.now() + this.#aheadMs;
  }

  setTimeout(callback: () => void, delayMs: number, options?: { readonly keepAlive?: boolean }): Timer {
    return this.#timers.setTimeout(callback, delayMs, options);
  }

  standStill(): void {
    this.#stoodStillAtMs = this.now();
  }

  /** Continues at the current time of `timers` plus `ms`. */
  leap(ms: number): void {
    this.#stoodStillAtMs = undefined;
    this.#aheadMs += ms;
  }
}
