/** Streams that are being read. Those that are read for long are hung up on where whoever reads them forgets them. */

import type { Clock, Timer } from '../../time/clock.ts';
import { InFlight, type InFlightEntry } from '../../domain/in-flight.ts';
import type { ReaderWatch, Watched } from './guard.ts';

/** What callers hold: its collection says that nobody can read on. */
export type Handle = object;

/** Streams that are over sooner are never registered: that would cost more than all else about a short stream. */
const YOUNG_MS = 1_000;

export class AbandonedStreams {
  readonly #clock: Clock;
  readonly #young = new InFlight<OpenReader>();
  /** Runs while there are young ones. */
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on, or a second or two later, until the reader is over. `controller` ends the stream. */
  watch(handle: Handle, reader: Watched, controller: AbortController): void {
    const open = new OpenReader(handle, reader, controller);
    const place = this.#young.begin(open);
    open.onSettled(() => this.#leave(place));
    if (!this.#timer) this.#lookSoon();
  }

  #lookSoon(): void {
    this.#timer = this.#clock.setTimeout(() => {
      for (const open of this.#young) open.promote();
      if (this.#timer) this.#lookSoon();
    }, YOUNG_MS);
  }

  #leave(place: InFlightEntry<OpenReader>): void {
    this.#young.end(place);
    if (this.#young.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** Hangs up on the stream of `reader` when `handle` is collected, unless the reader is over by then. */
export function cancelWhenCollected(handle: Handle, reader: Watched, controller: AbortController): void {
  new OpenReader(handle, reader, controller).register();
}

class OpenReader implements ReaderWatch {
  readonly #reader: Watched;
  readonly #controller: AbortController;
  /** Until it is registered, or over. */
  #handle: Handle | undefined;
  /** As long as it is young. */
  #leave: (() => void) | undefined;
  #wasSeen = false;

  constructor(handle: Handle, reader: Watched, controller: AbortController) {
    this.#handle = handle;
    this.#reader = reader;
    this.#controller = controller;
    reader.watch = this;
  }

  /** @param leave is called once, when it is young no more */
  onSettled(leave: () => void): void {
    this.#leave = leave;
  }

  /** Each second, while it is young. */
  promote(): void {
    if (this.#wasSeen) this.register();
    this.#wasSeen = true;
  }

  register(): void {
    const handle = this.#handle;
    this.#growOld();
    if (handle) FORGOTTEN.register(handle, { reader: this.#reader, controller: this.#controller }, this.#reader);
  }

  /** The reader is over. */
  over(): void {
    if (this.#handle) this.#growOld();
    else FORGOTTEN.unregister(this.#reader);
  }

  #growOld(): void {
    this.#handle = undefined;
    this.#leave?.();
    this.#leave = undefined;
  }
}

const FORGOTTEN = new FinalizationRegistry<{ readonly reader: Watched; readonly controller: AbortController }>(
  ({ reader, controller }) => reader.abandon(controller),
);
