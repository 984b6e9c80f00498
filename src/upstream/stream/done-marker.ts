/** Detects the `[DONE]` of a stream, which the SDK consumes without exposing it. */

import { withBody } from '../sdk/types.ts';

/** For upstreams that send no `finish_reason`: only `[DONE]` shows that their streams are complete. */
export class DoneMarkerDetector {
  /** Called once, when `[DONE]` was read. */
  onSeen: (() => void) | undefined;
  #seen = false;
  /** The last bytes that were read. The start of a stream counts as the start of a line. */
  #tail = '\n';

  get seen(): boolean {
    return this.#seen;
  }

  /** The same response, watched as it is read. It is read no faster than its reader asks. */
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

/** The JSON of a chunk has no raw line breaks, so this cannot match inside it. */
const DONE = /[\r\n]data: ?\[DONE\]/;
/** The length of `\ndata: [DONE]`, which may arrive in two pieces. */
const LONGEST_LINE = 13;
/** Decodes each byte to one character, so that no byte is lost between pieces. */
const decoder = new TextDecoder('latin1');
