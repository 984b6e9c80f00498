/** Holds the raw body of a stream back until it bears content, and watches it to its end; its bytes stay the provider's. */

import type { StreamEnd, StreamGuard, StreamStage } from './guard.ts';
import { GuardedReader } from './guarded-reader.ts';
import { ReaderHandle } from './guard-stream.ts';
import { RawEvents, type RawEvent } from './server-sent-events.ts';
import type { StreamMeter } from './stream-meter.ts';
import { withBody } from '../sdk/types.ts';

/** A guard of parsed chunks, as events need one. */
export type ChunkGuard = StreamMeter & StreamGuard & { readonly wasCutWhole?: boolean };

/**
 * A response with the status, the headers and the bytes of `response`, less the events that the caller must not see. `controller`
 * ends the body.
 *
 * @throws what `onEnd` said, where a stream that is held back ended before its commitment
 */
export async function guardBody(
  response: Response,
  body: ReadableStream<Uint8Array>,
  controller: AbortController,
  guard: ChunkGuard,
  holdsBack: boolean,
): Promise<Response> {
  const { headers } = response;
  const wasCutWhole = (): boolean => guard.wasCutWhole === true;
  const events = new RawEvents(body, { headers, throws: holdsBack, wasCutWhole });
  const reader = new GuardedReader(events, controller.signal, new EventGuard(guard));
  if (holdsBack) await reader.prime();
  return withBody(response, bytesOf(new ReaderHandle(reader, controller, guard.openReaders)));
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
    // Nothing more is read before the caller reads.
    { highWaterMark: 0 },
  );
}

/** Shows a guard the chunk of each event. */
class EventGuard implements StreamGuard<RawEvent> {
  readonly #guard: ChunkGuard;

  constructor(guard: ChunkGuard) {
    this.#guard = guard;
  }

  get idle(): StreamGuard['idle'] {
    return this.#guard.idle;
  }

  get drains(): boolean {
    return this.#guard.drains;
  }

  see({ chunk }: RawEvent): void {
    if (chunk !== undefined) this.#guard.see(chunk);
  }

  hides({ chunk }: RawEvent): boolean {
    return chunk !== undefined && this.#guard.hides(chunk);
  }

  isCommitted(): boolean {
    return this.#guard.isCommitted();
  }

  onEnd(how: StreamEnd, stage: StreamStage): unknown {
    return this.#guard.onEnd(how, stage);
  }
}
