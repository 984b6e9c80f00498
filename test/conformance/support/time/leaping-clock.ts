/** A clock whose time can stand still, and leap, while its timers go on as ever. */

import type { Clock, Timer } from '../../../../src/index.ts';

export class LeapingClock implements Clock {
  readonly #timers: Clock;
  #aheadMs = 0;
  #stoodStillAtMs: number | undefined;

  /** `timers` is the time that timers pass in. */
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

  /** Goes on from where it would be by now, and `ms` further. */
  leap(ms: number): void {
    this.#stoodStillAtMs = undefined;
    this.#aheadMs += ms;
  }
}
