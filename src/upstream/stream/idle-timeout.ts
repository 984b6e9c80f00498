/** Times out when a provider goes silent in the middle of an answer. */

import type { Clock, Timer } from '../../time/clock.ts';
import { graceMs } from '../../time/patient-timer.ts';

/** Has at most one timer at a time, however many chunks a stream has. */
export class IdleTimeout {
  readonly #clock: Clock;
  #idleMs: number;
  readonly #onIdle: () => void;
  #waitingSinceMs: number | undefined;
  #timer: Timer | undefined;
  #suspectsSilence = false;
  #watching = false;

  /** `onIdle` is called once, when a read has been pending for longer than `idleMs`. */
  constructor(clock: Clock, idleMs: number, onIdle: () => void) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
  }

  /** Content has arrived: silence counts from now on. */
  begin(): void {
    this.#watching = true;
  }

  /** Lowers the timeout to `idleMs`, if that is lower. */
  shorten(idleMs: number): void {
    this.#idleMs = Math.min(this.#idleMs, idleMs);
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#waitingSinceMs !== undefined) this.waiting();
  }

  /** A read is pending. Between reads the provider has unlimited time. */
  waiting(): void {
    if (!this.#watching) return;
    this.#waitingSinceMs = this.#clock.now();
    this.#timer ??= this.#clock.setTimeout(() => this.#check(), this.#idleMs);
  }

  /** The pending read was answered. */
  received(): void {
    this.#waitingSinceMs = undefined;
    this.#suspectsSilence = false;
  }

  stop(): void {
    this.#watching = false;
    this.#timer?.cancel();
  }

  #check(): void {
    // No read is pending: a timer would keep an abandoned stream from being garbage-collected.
    if (this.#waitingSinceMs === undefined) return void (this.#timer = undefined);
    const waitedMs = this.#clock.now() - this.#waitingSinceMs;
    if (waitedMs < this.#idleMs) return this.#checkIn(this.#idleMs - waitedMs);
    if (this.#suspectsSilence) {
      this.stop();
      return this.#onIdle();
    }
    // After the event loop was blocked, timers fire before the data that arrived meanwhile is read: check again after that.
    this.#suspectsSilence = true;
    this.#checkIn(graceMs(waitedMs - this.#idleMs));
  }

  #checkIn(delayMs: number): void {
    this.#timer = this.#clock.setTimeout(() => this.#check(), delayMs);
  }
}
