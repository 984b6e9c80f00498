/** Notices that a provider has gone silent in the middle of an answer. */

import type { Clock, Timer } from '../../time/clock.ts';
import { graceMs } from '../../time/patient-timer.ts';

/** At most one timer at a time, however many chunks a stream has. */
export class IdleTimeout {
  readonly #clock: Clock;
  #idleMs: number;
  readonly #onIdle: () => void;
  #waitingSinceMs: number | undefined;
  #timer: Timer | undefined;
  #suspects = false;
  #watching = false;

  /** `onIdle` is called once, when a chunk has been waited for longer than `idleMs`. */
  constructor(clock: Clock, idleMs: number, onIdle: () => void) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
  }

  /** Content has come: from here on silence counts. */
  begin(): void {
    this.#watching = true;
  }

  /** From here on silence counts sooner. */
  shorten(idleMs: number): void {
    this.#idleMs = Math.min(this.#idleMs, idleMs);
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#waitingSinceMs !== undefined) this.waiting();
  }

  /** A chunk is waited for. A reader that does not ask for one leaves the provider time without end. */
  waiting(): void {
    if (!this.#watching) return;
    this.#waitingSinceMs = this.#clock.now();
    this.#timer ??= this.#clock.setTimeout(() => this.#look(), this.#idleMs);
  }

  /** It came. */
  received(): void {
    this.#waitingSinceMs = undefined;
    this.#suspects = false;
  }

  stop(): void {
    this.#watching = false;
    this.#timer?.cancel();
  }

  #look(): void {
    // Nobody waits: no timer holds a stream in memory that its reader has forgotten.
    if (this.#waitingSinceMs === undefined) return void (this.#timer = undefined);
    const waitedMs = this.#clock.now() - this.#waitingSinceMs;
    if (waitedMs < this.#idleMs) return this.#lookIn(this.#idleMs - waitedMs);
    if (this.#suspects) {
      this.stop();
      return this.#onIdle();
    }
    // After a block of the event loop timers fire before what has arrived meanwhile is read: look again after that.
    this.#suspects = true;
    this.#lookIn(graceMs(waitedMs - this.#idleMs));
  }

  #lookIn(delayMs: number): void {
    this.#timer = this.#clock.setTimeout(() => this.#look(), delayMs);
  }
}
