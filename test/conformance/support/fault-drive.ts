/** Advances a manual clock while real sockets are in use. */

import { setImmediate } from 'node:timers/promises';
import type { Timer } from '../../../src/index.ts';
import { ManualClock } from '../../../src/testing/index.ts';

/** A manual clock that knows when its next timer is due. */
export class DrivenClock extends ManualClock {
  readonly #dueMs = new Map<object, number>();

  override setTimeout(callback: () => void, delayMs: number): Timer {
    const mark = {};
    this.#dueMs.set(mark, this.now() + Math.max(0, delayMs));
    const fire = (): void => {
      this.#dueMs.delete(mark);
      callback();
    };
    const timer = super.setTimeout(fire, delayMs);
    return {
      cancel: () => {
        this.#dueMs.delete(mark);
        timer.cancel();
      },
    };
  }

  /**
   * Advances from timer to timer, whenever everything else is idle, until `work` has settled.
   *
   * @throws if `work` is pending and no timer is
   */
  async drive<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const settle = (): void => void (settled = true);
    work.then(settle, settle);
    for (;;) {
      await this.rest(() => settled);
      if (settled) return work;
      const nextMs = Math.min(...this.#dueMs.values());
      if (nextMs === Infinity) throw new Error(`Nothing moves any more at ${new Date(this.now()).toISOString()}`);
      await this.advance(Math.max(0, nextMs - this.now()));
    }
  }

  /** Runs everything that needs no time, until it is idle or `isOver()`. The clock stands still. */
  async rest(isOver: () => boolean = () => false): Promise<void> {
    for (let turn = 0; turn < QUIET_TURNS && !isOver(); turn++) await setImmediate();
  }
}

/** Event loop turns: several times as many as the longest answer takes over the loopback interface. */
const QUIET_TURNS = 400;
