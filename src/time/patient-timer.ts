/** A timer that gives what has arrived a chance to be read. */

import type { Clock, Timer } from './clock.ts';

/** The longest chance, in ms: what has arrived during a block of seconds is read in less. */
const LONGEST_GRACE_MS = 1_000;

/**
 * Calls back after `delayMs`, at the earliest one turn of the event loop after that. After a block of the loop timers fire
 * before what has arrived meanwhile is read: a timer that fires late waits as long again as it was late, a second at most.
 */
export function patientTimer(clock: Clock, delayMs: number, callback: () => void, nowMs = clock.now()): Timer {
  return new PatientTimer(clock, delayMs, callback, nowMs + delayMs);
}

class PatientTimer implements Timer {
  #timer: Timer;

  constructor(clock: Clock, delayMs: number, callback: () => void, dueMs: number) {
    this.#timer = clock.setTimeout(() => {
      this.#timer = clock.setTimeout(callback, graceMs(clock.now() - dueMs));
    }, delayMs);
  }

  cancel(): void {
    this.#timer.cancel();
  }
}

/** How long to wait for what may have arrived, given how late one is. */
export function graceMs(lateMs: number): number {
  return Math.min(Math.max(0, lateMs), LONGEST_GRACE_MS);
}
