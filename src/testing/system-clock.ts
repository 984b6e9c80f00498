/** The time of the machine. */

import type { Clock } from '../time/clock.ts';

/** Real time, for a simulated provider that nobody gave a clock. */
export const systemClock: Clock = {
  // Unlike `Date.now()`, this never goes backwards.
  now: () => performance.timeOrigin + performance.now(),
  setTimeout: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
