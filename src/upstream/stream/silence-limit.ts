/** Times out when a provider sends nothing while a read is pending. */

import type { Clock, Timer } from '../../time/clock.ts';
import { graceMs } from '../../time/patient-timer.ts';

/** Has at most one timer at a time, however many chunks a stream has, and none while any silence is allowed. */
export class SilenceLimit {
  readonly #clock: Clock;
  #limitMs: number;
  readonly #onSilence: (limitMs: number) => void;
  #isPending = false;
  /** When the pending read began, or the last byte arrived. */
  #silentSinceMs: number | undefined;
  #timer: Timer | undefined;
  #suspectsSilence = false;
  #isOver = false;

  /** `onSilence` is called once, when nothing has arrived for longer than the limit while a read was pending. `Infinity`: no limit. */
  constructor(clock: Clock, limitMs: number, onSilence: (limitMs: number) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onSilence = onSilence;
  }

  /** Sets the limit from now on. */
  allow(limitMs: number): void {
    if (limitMs === this.#limitMs || this.#isOver) return;
    const isLower = limitMs < this.#limitMs;
    this.#limitMs = limitMs;
    // A timer that is due too early checks again.
    if (!isLower) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#isPending) this.waiting();
  }

  /** A read is pending. Between reads the provider has unlimited time. */
  waiting(): void {
    this.#isPending = true;
    if (this.#limitMs === Infinity || this.#isOver) return;
    this.#silentSinceMs = this.#clock.now();
    this.#timer ??= this.#clock.setTimeout(() => this.#check(), this.#limitMs);
  }

  /** Bytes have arrived that do not answer the pending read, such as a comment. */
  alive(): void {
    if (this.#silentSinceMs !== undefined) this.#silentSinceMs = this.#clock.now();
    this.#suspectsSilence = false;
  }

  /** The pending read was answered. */
  received(): void {
    this.#isPending = false;
    this.#silentSinceMs = undefined;
    this.#suspectsSilence = false;
  }

  stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #check(): void {
    this.#timer = undefined;
    // No read is pending: a timer would keep an abandoned stream from being garbage-collected.
    if (this.#silentSinceMs === undefined || this.#limitMs === Infinity) return;
    const silentMs = this.#clock.now() - this.#silentSinceMs;
    if (silentMs < this.#limitMs) return this.#checkIn(this.#limitMs - silentMs);
    if (this.#suspectsSilence) {
      this.stop();
      return this.#onSilence(this.#limitMs);
    }
    // After the event loop was blocked, timers fire before the data that arrived meanwhile is read: check again after that.
    this.#suspectsSilence = true;
    this.#checkIn(graceMs(silentMs - this.#limitMs));
  }

  #checkIn(delayMs: number): void {
    this.#timer = this.#clock.setTimeout(() => this.#check(), delayMs);
  }
}
