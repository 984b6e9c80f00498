/** Sees the `[DONE]` of a stream pass, which the SDK keeps to itself. */

import { withBody } from '../sdk/types.ts';

/** For upstreams that give no `finish_reason`: of their streams nothing else says that they are whole. */
export class DoneMarkerDetector {
  /** Called once, when it has passed. */
  onSeen: (() => void) | undefined;
  #seen = false;
  /** The last bytes before those that come next; a stream begins as a line does. */
  #tail = '\n';

  get seen(): boolean {
    return this.#seen;
  }

  /** The same response, watched as it is read, and read no faster than its reader asks. */
  watch(response: Response): Response {
    if (!response.body) return response;
    const reader = response.body.getReader();
    const watched = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await reader.read();
          if (done) return controller.close();
          this.#see(value);
          controller.enqueue(value);
        },
        cancel: (reason) => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    );
    return withBody(response, watched);
  }

  #see(bytes: Uint8Array): void {
    if (this.#seen) return;
    const text = this.#tail + decoder.decode(bytes);
    this.#tail = text.slice(-LONGEST_LINE);
    this.#seen = DONE.test(text);
    if (this.#seen) this.onSeen?.();
  }
}

/** Within a chunk's JSON no line begins. */
const DONE = /[\r\n]data: ?\[DONE\]/;
/** `\ndata: [DONE]`, which may come in two pieces. */
const LONGEST_LINE = 13;
/** A letter for each byte. */
const decoder = new TextDecoder('latin1');
