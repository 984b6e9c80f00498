/** The queue of an upstream: calls wait for a slot, first come, first served. */

import type { Clock, Timer } from '../../time/clock.ts';
import { abortErrorOf } from '../../time/wait.ts';
import type { Load, Slot } from './slot.ts';

export interface QueueInput {
  readonly maxWaitMs: number;
  readonly maxLength: number;
  readonly clock: Clock;
  /** A slot for `load`, or when there may be one, in ms since the Unix epoch; now where that depends on attempts in flight. */
  readonly take: (load: Load) => Slot | number;
}

interface WaitingCall {
  readonly load: Load;
  readonly leave: (slot: Slot | undefined) => void;
}

/** No call overtakes another: small calls that would fit cannot starve a large one before them. */
export class Queue {
  readonly #input: QueueInput;
  readonly #waiting = new Set<WaitingCall>();
  /** Fires when there may be a slot for the first call. */
  #timer: Timer | undefined;
  #isAdvancing = false;

  constructor(input: QueueInput) {
    this.#input = input;
  }

  get length(): number {
    return this.#waiting.size;
  }

  get isFull(): boolean {
    return this.#waiting.size >= this.#input.maxLength;
  }

  /**
   * Waits for a slot; `undefined` where the queue is full, or no slot became free within `maxWaitMs` and `limitMs`.
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
        this.#waiting.delete(call);
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
      const call: WaitingCall = { load, leave };
      const timer = clock.setTimeout(giveUp, Math.min(maxWaitMs, limitMs), { keepAlive: true });
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.add(call);
      this.advance();
    });
  }

  /** Gives the first calls their slots, if there are any. To be called after every change. */
  advance(): void {
    // Taking a slot may release another, which calls this method again.
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#admitFirst();
    this.#isAdvancing = false;
  }

  #admitFirst(): void {
    const { clock, take } = this.#input;
    for (const call of this.#waiting) {
      const taken = take(call.load);
      if (typeof taken === 'number') return this.#wake(taken - clock.now());
      call.leave(taken);
    }
  }

  #wake(afterMs: number): void {
    // Without a wait the slot depends on an attempt in flight, whose end calls `advance`.
    if (afterMs > 0) this.#timer = this.#input.clock.setTimeout(() => this.advance(), afterMs);
  }
}
