/** What callers hold of a guarded reader: where they forget it, the stream is hung up on. */

import type { GuardedReader } from './guarded-reader.ts';

/**
 * Nothing of ours holds a handle, so that its collection says that nobody can read on. A reader itself is held by the timers
 * and the signal of its stream.
 */
export class ReaderHandle<Item = unknown> implements AsyncIterator<Item, unknown> {
  readonly #reader: GuardedReader<Item>;

  /** `controller` ends the stream. */
  constructor(reader: GuardedReader<Item>, controller: AbortController) {
    this.#reader = reader;
    FORGOTTEN.register(this, { reader, controller }, reader);
    reader.watchedBy(FORGOTTEN);
  }

  next(): Promise<IteratorResult<Item, unknown>> {
    return this.#reader.next();
  }

  return(value?: unknown): Promise<IteratorResult<Item, unknown>> {
    return this.#reader.return(value);
  }
}

type Abandonable = Pick<GuardedReader, 'abandon'>;

/** Readers whose handle may be forgotten. */
const FORGOTTEN = new FinalizationRegistry<{ readonly reader: Abandonable; readonly controller: AbortController }>(
  ({ reader, controller }) => reader.abandon(controller),
);
