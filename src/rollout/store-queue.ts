/** Operations on a store, one after another in the background, each with a time limit. */

import type { Clock } from '../time/clock.ts';
import { withTimeout } from '../time/wait.ts';

/** A store that does not answer for this long counts as unavailable. */
const STORE_TIMEOUT_MS = 10_000;

export class StoreQueue {
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();
  #isAway = false;
  #timesAway = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the last operation has failed. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** How often the store has stopped answering. An operation that has begun before a change of it has missed its time limit. */
  get timesAway(): number {
    return this.#timesAway;
  }

  /** Resolves when all operations so far have ended. */
  get idle(): Promise<unknown> {
    return this.#last;
  }

  /** @param failed called if the operation fails or misses its time limit */
  add(operation: () => Promise<unknown>, failed?: () => void): void {
    const done = this.#last.then(() => withTimeout(operation(), STORE_TIMEOUT_MS, this.#clock));
    this.#last = done.then(
      () => void (this.#isAway = false),
      () => {
        if (!this.#isAway) this.#timesAway += 1;
        this.#isAway = true;
        failed?.();
      },
    );
  }
}
