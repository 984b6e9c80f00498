/** A clock that counts its pending timers. */

import type { Clock, Timer } from '../../../src/index.ts';

export class CountingClock implements Clock {
  readonly #clock: Clock;
  readonly #pending = new Set<object>();
  #started = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Timers started so far. */
  get started(): number {
    return this.#started;
  }

  now(): number {
    return this.#clock.now();
  }

  setTimeout(callback: () => void, delayMs: number, options?: { readonly keepAlive?: boolean }): Timer {
    const mark = {};
    this.#started += 1;
    this.#pending.add(mark);
    const fire = (): void => {
      this.#pending.delete(mark);
      callback();
    };
    const timer = this.#clock.setTimeout(fire, delayMs, options);
    return {
      cancel: () => {
        this.#pending.delete(mark);
        timer.cancel();
      },
    };
  }
}
