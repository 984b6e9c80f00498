/**
 * Holds a stream back until it bears content, so that until then any failure can move on unseen; and from then on never lets
 * it end as if it were whole when it is not.
 */

import { GuardedReader, type StreamGuard } from './guarded-reader.ts';
import type { StreamInternals } from './meter-stream.ts';

/**
 * Reads `stream` up to its commitment and gives it back with all that was read still in it.
 *
 * @throws what `onEnd` said, where the stream ended before
 */
export async function guardStream(stream: StreamInternals, guard: StreamGuard): Promise<void> {
  const reader = new GuardedReader(stream, guard);
  await reader.prime();
  const openAgain = stream.iterator.bind(stream);
  let opened = false;
  stream.iterator = () => {
    // A stream can be read once; a second reader gets the SDK's error.
    if (opened) return openAgain();
    opened = true;
    return reader;
  };
}
