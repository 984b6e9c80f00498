/** Writes down the chunks of a stream as they pass to their reader. */

import type { Surface } from '../domain/call.ts';
import { passStream } from '../upstream/stream/guard-stream.ts';
import type { StreamInternals } from '../upstream/sdk/sdk-stream.ts';
import { encodeEvent, encodeEvents, endOfEvents, responseIdOf, type EncodedAnswer } from './record-answer.ts';

export class EventRecorder {
  readonly #surface: Surface;
  readonly #maxLength: number;
  #events: string[] | undefined = [];
  #length = 0;
  #responseId: string | undefined;

  /** What is longer than `maxLength` is not written down. */
  constructor(surface: Surface, maxLength: number) {
    this.#surface = surface;
    this.#maxLength = maxLength;
  }

  /** Watches what the reader of `stream` reads; `onRead` is called where that was all of it. */
  record(stream: StreamInternals, onRead: () => void): void {
    passStream(stream, {
      idle: undefined,
      drains: false,
      isCommitted: () => true,
      see: (chunk) => this.#see(chunk),
      hides: () => false,
      onEnd: ({ kind }) => {
        if (kind === 'done') onRead();
      },
    });
  }

  /** All chunks, as the body of `response`. */
  whole(response: Response): EncodedAnswer | undefined {
    return this.#events && encodeEvents([...this.#events, ...endOfEvents(this.#surface)], response, this.#responseId);
  }

  /** At once: the reader may change the chunk. */
  #see(chunk: unknown): void {
    if (!this.#events) return;
    const event = encodeEvent(chunk, this.#surface);
    this.#responseId ??= responseIdOf(chunk, this.#surface);
    this.#events.push(event);
    this.#length += event.length;
    if (this.#length > this.#maxLength) this.#events = undefined;
  }
}
