/** Guards the raw body of a stream: holds it back until it has content, and watches it to its end. The bytes stay the provider's. */

import { withBody } from '../sdk/types.ts';
import { ReaderHandle } from './guard-stream.ts';
import { GuardedReader } from './guarded-reader.ts';
import { RawEvents, type RawEvent } from './server-sent-events.ts';
import type { StreamGuard } from './stream-guard.ts';

/**
 * A response with the status, the headers and the bytes of `response`, without the events that the guard hides. `controller` ends the
 * body.
 *
 * @throws the result of `onEnd`, where a stream that is held back ended before its commitment
 */
export async function guardBody(
  response: Response,
  body: ReadableStream<Uint8Array>,
  controller: AbortController,
  guard: StreamGuard,
  holdsBack: boolean,
): Promise<Response> {
  const { headers } = response;
  let isHeld = holdsBack;
  const events = new RawEvents(body, {
    headers,
    throws: holdsBack,
    throwsAtOnce: () => isHeld,
    wasCutWhole: () => guard.wasCutWhole,
  });
  const reader = new GuardedReader(events, controller.signal, guard, chunkOf);
  if (holdsBack) await reader.prime();
  isHeld = false;
  return withBody(response, bytesOf(new ReaderHandle(reader, controller, guard.openReaders)));
}

function chunkOf({ chunk }: RawEvent): unknown {
  return chunk;
}

function bytesOf(reader: ReaderHandle<RawEvent>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await reader.next();
        if (done) controller.close();
        else controller.enqueue(value.bytes);
      },
      async cancel(reason) {
        await reader.return(reason);
      },
    },
    // Reads nothing before the caller reads.
    { highWaterMark: 0 },
  );
}
