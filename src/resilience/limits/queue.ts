/** Where calls wait for a place, first come, first served. */

import type { Clock, Timer } from '../../time/clock.ts';
import { abortErrorOf } from '../../time/wait.ts';
import type { Load, Slot } from './slot.ts';

export interface WaitingLineInput {
  readonly maxWaitMs: number;
  readonly maxLength: number;
  readonly clock: Clock;
  /** A place for `load`, or when there may be one: now, in ms since the Unix epoch, where that depends on what is under way. */
  readonly take: (load: Load) => Slot | number;
}

interface Waiting {
  readonly load: Load;
  readonly leave: (slot: Slot | undefined) => void;
}

/** Nobody overtakes: a large call is not starved by small ones that would fit before it. */
export class Queue {
  readonly #input: WaitingLineInput;
  readonly #line = new Set<Waiting>();
  /** Fires when there may be a place for the first. */
  #timer: Timer | undefined;
  #isAdvancing = false;

  constructor(input: WaitingLineInput) {
    this.#input = input;
  }

  get length(): number {
    return this.#line.size;
  }

  get isFull(): boolean {
    return this.#line.size >= this.#input.maxLength;
  }

  /**
   * A place; `undefined` where the line is full, or there was none within `maxWaitMs` and `limitMs`.
   *
   * @throws APIUserAbortError as soon as `signal` is aborted
   */
  join(load: Load, limitMs: number, signal?: AbortSignal | null): Promise<Slot | undefined> {
    if (this.isFull || limitMs <= 0) return Promise.resolve(undefined);
    if (signal?.aborted) return Promise.reject(abortErrorOf(signal));
    const { clock, maxWaitMs } = this.#input;
    return new Promise((resolve, reject) => {
      const leave = (slot: Slot | undefined): void => {
        timer.cancel();
        signal?.removeEventListener('abort', abort);
        this.#line.delete(waiting);
        resolve(slot);
      };
      const giveUp = (): void => {
        leave(undefined);
        this.advance();
      };
      const abort = (): void => {
        reject(abortErrorOf(signal));
        giveUp();
      };
      const waiting: Waiting = { load, leave };
      const timer = clock.setTimeout(giveUp, Math.min(maxWaitMs, limitMs), { keepAlive: true });
      signal?.addEventListener('abort', abort, { once: true });
      this.#line.add(waiting);
      this.advance();
    });
  }

  /** Something has changed: those in front get their places, if there are any. */
  advance(): void {
    // Taking a place may free another, which is told here as well: one at a time.
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#admitFirst();
    this.#isAdvancing = false;
  }

  #admitFirst(): void {
    const { clock, take } = this.#input;
    for (const waiting of this.#line) {
      const taken = take(waiting.load);
      if (typeof taken === 'number') return this.#wake(taken - clock.now());
      waiting.leave(taken);
    }
  }

  #wake(afterMs: number): void {
    // A place that comes when something ends is told by that.
    if (afterMs > 0) this.#timer = this.#input.clock.setTimeout(() => this.advance(), afterMs);
  }
}
