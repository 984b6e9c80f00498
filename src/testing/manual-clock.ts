/** A clock that only a test moves. */

import { setImmediate } from 'node:timers/promises';
import type { Clock, Timer } from '../time/clock.ts';

/**
 * A clock for tests: time stands still, and timers fire only in `advance()`.
 *
 * @example
 * const clock = new ManualClock();
 * const ai = new CanaryClient({ canary: { clock } });
 * await clock.advance(30_000); // a metrics interval later
 */
export class ManualClock implements Clock {
  #nowMs: number;
  /** Sorted by `dueMs`, then by the order of creation. */
  readonly #timers: PendingTimer[] = [];
  #advancing: Promise<void> = Promise.resolve();

  /** @param startMs milliseconds since the Unix epoch. @default 2026-01-01T00:00:00Z */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** Starts a timer that fires only in `advance()`. A negative `delayMs` counts as 0. */
  setTimeout(callback: () => void, delayMs: number): Timer {
    const timer = { callback, dueMs: this.#nowMs + Math.max(0, delayMs) };
    const after = this.#timers.findLastIndex((other) => other.dueMs <= timer.dueMs);
    this.#timers.splice(after + 1, 0, timer);
    return {
      cancel: () => {
        const index = this.#timers.indexOf(timer);
        if (index >= 0) this.#timers.splice(index, 1);
      },
    };
  }

  /** The number of timers that have not fired yet. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /**
   * Lets `ms` milliseconds pass. Fires the timers that come due in order of their times, each at its own time. Lets promises
   * settle before and after each timer, so that timers started by a callback fire as well. Overlapping calls queue up. If a
   * callback throws, rejects with its error, and the clock stays at the time of that timer.
   *
   * @param ms at least 0; 0 lets promises settle and fires the timers that are already due
   */
  advance(ms: number): Promise<void> {
    assertForward(ms);
    const advanced = this.#advancing.then(() => this.#run(this.#nowMs + ms));
    this.#advancing = advanced.catch(() => undefined);
    return advanced;
  }

  /**
   * Moves the time by `ms` milliseconds without firing timers, like a machine that was asleep. Timers that came due fire
   * late, in the next `advance()`.
   *
   * @param ms at least 0
   */
  jump(ms: number): void {
    assertForward(ms);
    this.#nowMs += ms;
  }

  async #run(untilMs: number): Promise<void> {
    await settle();
    for (let timer = this.#takeDue(untilMs); timer !== undefined; timer = this.#takeDue(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.callback();
      await settle();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #takeDue(untilMs: number): PendingTimer | undefined {
    const [first] = this.#timers;
    return first !== undefined && first.dueMs <= untilMs ? this.#timers.shift() : undefined;
  }
}

interface PendingTimer {
  readonly callback: () => void;
  readonly dueMs: number;
}

/** Event loop turns between timers: enough for a call through the SDK, `fetch` and an intercepted response. */
const SETTLE_TURNS = 8;

async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await setImmediate();
}

function assertForward(ms: number): void {
  if (!(ms >= 0)) throw new RangeError(`ms should be at least 0, got ${ms}`);
}
