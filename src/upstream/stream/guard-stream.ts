/** Puts a guarded reader in place of a stream's own: the caller keeps the SDK's own `Stream` object. */

import type { StreamGuard } from './guard.ts';
import { GuardedReader } from './guarded-reader.ts';
import { ReaderHandle } from './reader-handle.ts';
import type { StreamInternals } from '../sdk/sdk-stream.ts';

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
