/** Puts a guarded reader in place of a stream's own: the caller keeps the SDK's own `Stream` object. */

import type { StreamInternals } from '../sdk/types.ts';
import { cancelWhenCollected } from './abandoned-streams.ts';
import type { StreamGuard } from './guard.ts';
import { GuardedReader } from './guarded-reader.ts';

/**
 * Reads `stream` up to its commitment, so that until then any failure can move on unseen, and gives it back with all that was
 * read still in it.
 *
 * @throws what `onEnd` said, where the stream ended before
 */
export function guardStream(stream: StreamInternals, guard: StreamGuard): Promise<void> {
  const reader = new GuardedReader(openOnce(stream), stream.controller.signal, guard);
  return reader.prime().then(() => replaceIterator(stream, reader, guard));
}

/** Lets `stream` pass as it comes, under the eyes of `guard`. */
export function passStream(stream: StreamInternals, guard: StreamGuard): void {
  const reader = new GuardedReader(openOnce(stream), stream.controller.signal, guard);
  replaceIterator(stream, reader, guard);
}

/** Not as a method: a generator keeps what it was called on, and a stream that is kept is never known to be forgotten. */
function openOnce({ iterator }: StreamInternals): AsyncIterator<unknown> {
  return iterator();
}

/** `tee()`, `toReadableStream()` and `for await` all begin with the iterator, so that all of them are guarded. */
function replaceIterator(stream: StreamInternals, reader: GuardedReader, { openReaders }: StreamGuard): void {
  const { iterator: openAgain } = stream;
  let handle: ReaderHandle | undefined = new ReaderHandle(reader, stream.controller, openReaders);
  const open = (): AsyncIterator<unknown> => {
    // A stream can be read once; a second reader gets the SDK's error.
    if (!handle) return openAgain();
    const opened = handle;
    handle = undefined;
    return opened;
  };
  stream.iterator = open;
}

/* PART: What callers hold of a guarded reader: where they forget it, the stream is hung up on. */

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
    else cancelWhenCollected(this, reader, controller);
  }

  next(): Promise<IteratorResult<Item, unknown>> {
    return this.#reader.next();
  }

  return(value?: unknown): Promise<IteratorResult<Item, unknown>> {
    return this.#reader.return(value);
  }
}
