/** Cancels long-lived streams whose reader has been garbage-collected. */

import { InFlight, type InFlightEntry } from '../../domain/in-flight.ts';
import type { Clock, Timer } from '../../time/clock.ts';

/** The object that the caller holds. When it is garbage-collected, the stream can no longer be read. */
export type Handle = object;

/** A reader that its caller may abandon. */
export interface Watched {
  /** The end was reported. */
  readonly isOver: boolean;
  watch: ReaderWatch | undefined;
  /** The handle was garbage-collected: ends the stream as if the caller had left. `controller` ends the stream. */
  abandon(controller: AbortController): void;
}

/** Receives the end of a reader. */
export interface ReaderWatch {
  over(): void;
}

/** Streams that end sooner are never registered: registration costs more than everything else about a short stream. */
const YOUNG_MS = 1_000;

export class AbandonedStreams {
  readonly #clock: Clock;
  readonly #young = new InFlight<OpenReader>();
  /** Runs while there are young readers. */
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Watches from now on, or from a second or two later, until the reader is over. `controller` ends the stream. */
  watch(handle: Handle, reader: Watched, controller: AbortController): void {
    const open = new OpenReader(handle, reader, controller);
    const entry = this.#young.begin(open);
    open.onSettled(() => this.#leave(entry));
    if (!this.#timer) this.#schedule();
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => {
      for (const open of this.#young) open.promote();
      if (this.#timer) this.#schedule();
    }, YOUNG_MS);
  }

  #leave(entry: InFlightEntry<OpenReader>): void {
    this.#young.end(entry);
    if (this.#young.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** Cancels the stream of `reader` when `handle` is garbage-collected, unless the reader is over by then. */
export function cancelWhenCollected(handle: Handle, reader: Watched, controller: AbortController): void {
  new OpenReader(handle, reader, controller).register();
}

class OpenReader implements ReaderWatch {
  readonly #reader: Watched;
  readonly #controller: AbortController;
  /** Held until the reader is registered, or over. */
  #handle: Handle | undefined;
  #onSettled: (() => void) | undefined;
  #wasSeen = false;

  constructor(handle: Handle, reader: Watched, controller: AbortController) {
    this.#handle = handle;
    this.#reader = reader;
    this.#controller = controller;
    reader.watch = this;
  }

  /** `settled` is called once, when the reader is registered or over. */
  onSettled(settled: () => void): void {
    this.#onSettled = settled;
  }

  /** Called each second while the reader is young. Registers it the second time. */
  promote(): void {
    if (this.#wasSeen) this.register();
    this.#wasSeen = true;
  }

  register(): void {
    const handle = this.#handle;
    this.#settle();
    if (handle) COLLECTED.register(handle, { reader: this.#reader, controller: this.#controller }, this.#reader);
  }

  over(): void {
    if (this.#handle) this.#settle();
    else COLLECTED.unregister(this.#reader);
  }

  #settle(): void {
    this.#handle = undefined;
    this.#onSettled?.();
    this.#onSettled = undefined;
  }
}

const COLLECTED = new FinalizationRegistry<{ readonly reader: Watched; readonly controller: AbortController }>(
  ({ reader, controller }) => reader.abandon(controller),
);
