/** A call under way whose answer others wait for. */

import type { Clock } from '../time/clock.ts';
import type { StoredAnswer } from './answer-store.ts';

/** How a flight ended: with an answer for all, by its own caller's abort, or in an error or an answer that is not shared. */
export type FlightEnd = StoredAnswer | 'aborted' | 'failed';

/** What Node's timers can wait for. */
const MAX_WAIT_MS = 2 ** 31 - 1;

export class Flight {
  readonly #end = Promise.withResolvers<FlightEnd>();

  land(end: FlightEnd): void {
    this.#end.resolve(end);
  }

  /** The end of the flight; `undefined` where it takes longer than `maxMs`, or the signal is aborted before. */
  join(clock: Clock, maxMs: number, signal: AbortSignal | null | undefined): Promise<FlightEnd | undefined> {
    return new Promise((resolve) => {
      const settle = (end?: FlightEnd): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        resolve(end);
      };
      const onAbort = (): void => settle();
      const timer = clock.setTimeout(settle, Math.min(maxMs, MAX_WAIT_MS), { keepAlive: true });
      signal?.addEventListener('abort', onAbort, { once: true });
      void this.#end.promise.then(settle);
    });
  }
}
