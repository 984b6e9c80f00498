/** Observes the bytes of a stream as its reader reads them: each one shows that the upstream is alive, and `[DONE]` marks an end. */

/** Learns what the reader of a body reads. */
export interface BodyObserver {
  /** Called for each piece of the body that was read. */
  bytesRead(): void;
  /** Called once, when `[DONE]` was read. */
  doneRead(): void;
}

/**
 * Patches the body itself: a copy of the response would cost more than everything else about a short stream. The SDK reads `[DONE]` without
 * exposing it, and skips comments.
 */
export class BodyWatch {
  /** `[DONE]` was read. */
  doneSeen = false;
  /** The body can be watched. */
  watches = false;
  /**
   * To be released when the stream has ended: `fetch` holds the body in a weak reference, which collections of the young generation treat as
   * a strong one.
   */
  observer: BodyObserver | undefined;
  /** The last bytes that were read. The start of a stream counts as the start of a line. */
  #tail = '\n';
  #hasBytes = false;
  #resolveHungry: ((value: undefined) => void) | undefined;

  /** Resolves when the reader asks for more, although it has read bytes before. To be called once. */
  hungry(): Promise<undefined> {
    return new Promise((resolve) => (this.#resolveHungry = resolve));
  }

  /** Watches the body of `response`, to be called before it is read. */
  watch({ body }: Response): void {
    if (!isReadable(body) || !Object.isExtensible(body)) return;
    this.watches = true;
    const getReader = body.getReader.bind(body) as (options?: unknown) => Reader;
    const open = (options?: unknown): Reader => {
      const reader = getReader(options);
      const read = reader.read.bind(reader);
      define(reader, 'read', (...into: Parameters<Reader['read']>) => {
        if (this.#hasBytes) this.#isHungry();
        return read(...into).then(this.#onRead);
      });
      return reader;
    };
    define(body, 'getReader', open);
    // SDKs before 7 iterate over the body.
    define(body, Symbol.asyncIterator, () => iterate(open()));
  }

  readonly #onRead = (result: ReadableStreamReadResult<Uint8Array>): ReadableStreamReadResult<Uint8Array> => {
    if (result.value !== undefined) {
      this.#hasBytes = true;
      this.observer?.bytesRead();
      if (!this.doneSeen) this.#scan(result.value);
    }
    return result;
  };

  #isHungry(): void {
    this.#resolveHungry?.(undefined);
    this.#resolveHungry = undefined;
  }

  #scan(value: Uint8Array | string): void {
    const text = typeof value === 'string' ? value : latin1.decode(value);
    const start = this.#tail + text.slice(0, LONGEST_LINE);
    this.doneSeen = hasDoneLine(start) || hasDoneLine(text);
    if (this.doneSeen) return this.observer?.doneRead();
    this.#tail = (text.length < LONGEST_LINE ? start : text).slice(-LONGEST_LINE);
  }
}

/** The JSON of a chunk has no raw line breaks, so a line of `[DONE]` cannot be inside it. The word is looked for first: most bytes lack it. */
function hasDoneLine(text: string): boolean {
  return text.includes('[DONE]') && DONE.test(text);
}

const DONE = /[\r\n]data: ?\[DONE\]/;
/** The length of `\ndata: [DONE]`, which may arrive in two pieces. */
const LONGEST_LINE = 13;
/** Decodes each byte to one character, so that no byte is lost between pieces. */
const latin1 = new TextDecoder('latin1');

type Reader = ReadableStreamDefaultReader<Uint8Array>;

function isReadable(body: unknown): body is ReadableStream<Uint8Array> {
  return typeof body === 'object' && body !== null && 'getReader' in body && typeof body.getReader === 'function';
}

function define(target: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

/** Iterates as the body itself would: leaving the iteration cancels the body. */
async function* iterate(reader: Reader): AsyncGenerator<Uint8Array, void> {
  let isOver = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return void (isOver = true);
      yield value;
    }
  } catch (error) {
    isOver = true;
    throw error;
  } finally {
    if (!isOver) await reader.cancel();
    reader.releaseLock();
  }
}
