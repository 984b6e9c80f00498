/** A clock that stands still until a test moves it. */

import { setImmediate } from 'node:timers/promises';
import type { Clock, Timer } from '../time/clock.ts';

/**
 * Time for tests: nothing passes and no timer fires until `advance()` says so.
 *
 * @example
 * const clock = new ManualClock();
 * const ai = new CanaryClient({ canary: { clock } });
 * await clock.advance(30_000); // a metrics interval later
 */
export class ManualClock implements Clock {
  #nowMs: number;
  /** Ascending by `dueMs`, then in the order in which they were started. */
  readonly #timers: PendingTimer[] = [];
  #advancing: Promise<void> = Promise.resolve();

  /** @param startMs milliseconds since the Unix epoch. @default 2026-01-01T00:00:00Z */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** A timer that fires only within `advance()`; a negative `delayMs` counts as 0. */
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

  /** How many timers wait to fire. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /**
   * Lets `ms` milliseconds pass: fires the timers that come due, in the order of their times, each at its own time, and
   * lets promises settle before and after each, so that timers started on the way fire as well. Overlapping calls queue
   * up. Rejects with what a callback threw; time then stands where that timer was due.
   *
   * @param ms at least 0; 0 settles promises and fires what is due already
   */
  advance(ms: number): Promise<void> {
    assertForward(ms);
    const advanced = this.#advancing.then(() => this.#run(this.#nowMs + ms));
    this.#advancing = advanced.catch(() => undefined);
    return advanced;
  }

  /**
   * Moves the time by `ms` milliseconds at once and fires nothing: a machine that slept. Timers that came due fire, late,
   * with the next `advance()`.
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

/** Turns of the event loop between timers: enough for a chain through the SDK, `fetch` and an intercepted response. */
const SETTLE_TURNS = 8;

async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await setImmediate();
}

function assertForward(ms: number): void {
  if (!(ms >= 0)) throw new RangeError(`A clock only goes forward: expected at least 0 ms, got ${ms}`);
}
