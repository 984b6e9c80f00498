/** Puts a guarded reader in place of a stream's own iterator. The caller keeps the SDK's own `Stream` object. */

import type { StreamInternals } from '../sdk/types.ts';
import { type AbandonedStreams, cancelWhenCollected } from './abandoned-streams.ts';
import { GuardedReader, type ReaderGuard } from './guarded-reader.ts';

/**
 * Reads `stream` up to its commitment, so that the call can fall back on any failure until then. The chunks that were read stay in the
 * stream.
 *
 * @throws the result of `onEnd`, where the stream ended before its commitment
 */
export function guardStream(stream: StreamInternals, guard: ReaderGuard): Promise<void> {
  const reader = new GuardedReader(openOnce(stream), stream.controller.signal, guard);
  return reader.prime().then(() => replaceIterator(stream, reader, guard));
}

/** Shows `guard` the chunks of `stream` as the caller reads them. */
export function passStream(stream: StreamInternals, guard: ReaderGuard): void {
  const reader = new GuardedReader(openOnce(stream), stream.controller.signal, guard);
  replaceIterator(stream, reader, guard);
}

/** Not called as a method: a generator keeps its receiver, and a stream that is referenced is never garbage-collected. */
function openOnce({ iterator }: StreamInternals): AsyncIterator<unknown> {
  return iterator();
}

/** `tee()`, `toReadableStream()` and `for await` all begin with `iterator`, so replacing it guards all of them. */
function replaceIterator(stream: StreamInternals, reader: GuardedReader, { openReaders }: ReaderGuard): void {
  const { iterator: openAgain } = stream;
  let handle: ReaderHandle | undefined = new ReaderHandle(reader, stream.controller, openReaders);
  const open = (): AsyncIterator<unknown> => {
    // A stream can be read once. A second reader gets the SDK's error.
    if (!handle) return openAgain();
    const opened = handle;
    handle = undefined;
    return opened;
  };
  stream.iterator = open;
}

/**
 * What the caller holds of a guarded reader. Only the caller holds it for long, so its garbage collection means that the stream can no
 * longer be read, and the stream is cancelled. The reader itself stays referenced by the timers and the signal of its stream.
 */
export class ReaderHandle<Item = unknown> implements AsyncIterator<Item, unknown> {
  readonly #reader: GuardedReader<Item>;

  /** `controller` ends the stream. */
  constructor(reader: GuardedReader<Item>, controller: AbortController, openReaders: AbandonedStreams | undefined) {
    this.#reader = reader;
    if (reader.isOver) return;
    if (openReaders) openReaders.watch(this, reader, controller);
    else cancelWhenCollected(this, reader, controller);
  }

  next(): Promise<IteratorResult<Item, unknown>> {
    return this.#reader.next();
  }

  return(value?: unknown): Promise<IteratorResult<Item, unknown>> {
    return this.#reader.return(value);
  }
}
