/** What callers hold of a guarded reader: where they forget it, the stream is hung up on. */

import type { StreamGuard } from './guard.ts';
import type { GuardedReader } from './guarded-reader.ts';
import { watchForgotten } from './abandoned-streams.ts';

/**
 * Nothing of ours holds a handle for long, so that its collection says that nobody can read on. A reader itself is held by the
 * timers and the signal of its stream.
 */
export class ReaderHandle<Item = unknown> implements AsyncIterator<Item, unknown> {
  readonly #reader: GuardedReader<Item>;

  /** `controller` ends the stream. */
  constructor(reader: GuardedReader<Item>, controller: AbortController, openReaders: StreamGuard['openReaders']) {
    this.#reader = reader;
    if (reader.isOver) return;
    if (openReaders) openReaders.watch(this, reader, controller);
    else watchForgotten(this, reader, controller);
  }

  next(): Promise<IteratorResult<Item, unknown>> {
    return this.#reader.next();
  }

  return(value?: unknown): Promise<IteratorResult<Item, unknown>> {
    return this.#reader.return(value);
  }
}
