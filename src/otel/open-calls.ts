/** Calls whose spans are open. Their number and their age are bounded, so an unread stream leaves no span open. */

import { InFlight } from '../domain/in-flight.ts';
import { systemClock } from '../time/system-clock.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';

/** More calls at a time than a process serves. */
const MAX_OPEN = 10_000;
/** How often old calls are looked for, in ms, at most and at least. */
const [LONGEST_INTERVAL_MS, SHORTEST_INTERVAL_MS] = [60_000, 10];

interface OpenCall {
  readonly sinceMs: number;
  readonly giveUp: () => void;
}

export class OpenCalls {
  readonly #maxMs: number;
  readonly #calls = new InFlight<OpenCall>();
  #ticker: Ticker | undefined;

  /** @param maxMs how long a call may be open */
  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }

  /** Adds a call. `giveUp` ends its span, and calls the function that is returned, as every end does. */
  add(giveUp: () => void): () => void {
    const everyMs = Math.max(SHORTEST_INTERVAL_MS, Math.min(LONGEST_INTERVAL_MS, this.#maxMs / 10));
    this.#ticker ??= startTicker(systemClock, everyMs, this, OpenCalls.#look);
    if (this.#calls.size >= MAX_OPEN) this.#calls.oldest?.giveUp();
    const entry = this.#calls.begin({ sinceMs: systemClock.now(), giveUp });
    return () => this.#calls.end(entry);
  }

  /** Gives up all calls. */
  close(): void {
    this.#ticker?.stop();
    for (const { giveUp } of this.#calls) giveUp();
  }

  /** Static, not a closure: a closure would keep the exporter alive as long as the timer runs. */
  static #look(this: void, open: OpenCalls): void {
    const lateMs = systemClock.now() - open.#maxMs;
    for (let { oldest } = open.#calls; oldest && oldest.sinceMs <= lateMs; { oldest } = open.#calls) oldest.giveUp();
  }
}
