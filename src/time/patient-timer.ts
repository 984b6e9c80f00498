/** A timer that lets data that has already arrived be read before it fires. */

import type { Clock, Timer } from './clock.ts';

/**
 * The longest extra wait, in ms. Data that arrived while the event loop was blocked for seconds is read in less time.
 */
const LONGEST_GRACE_MS = 1_000;

/**
 * Calls `callback` after `delayMs`, and at least one turn of the event loop after the timer was due.
 *
 * After the event loop was blocked, Node fires timers before it reads the data that arrived meanwhile. A timer that
 * fires late therefore waits again for as long as it was late, at most one second.
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

/** The extra wait for data that may have arrived, for a timer that is `lateMs` late. */
export function graceMs(lateMs: number): number {
  return Math.min(Math.max(0, lateMs), LONGEST_GRACE_MS);
}
