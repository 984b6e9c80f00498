/** The system's time. */

import type { Clock, Timer } from './clock.ts';

/**
 * Wall-clock time that never goes backwards: the Unix epoch time at process start plus the monotonic time since.
 * Setting the system clock, by hand or by NTP, therefore causes no wave of timeouts.
 */
export const systemClock: Clock = {
  now: () => ORIGIN_MS + performance.now(),
  setTimeout: (callback, delayMs, options) => {
    // Node turns a longer delay into 1 ms.
    const timer = setTimeout(callback, Math.min(delayMs, MAX_DELAY_MS));
    if (!options?.keepAlive) timer.unref();
    return new SystemTimer(timer);
  },
};

const ORIGIN_MS = performance.timeOrigin;

const MAX_DELAY_MS = 2 ** 31 - 1;

class SystemTimer implements Timer {
  readonly #timer: NodeJS.Timeout;

  constructor(timer: NodeJS.Timeout) {
    this.#timer = timer;
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}
