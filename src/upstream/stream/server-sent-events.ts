/** Cuts a raw body into server-sent events and parses them as the SDK would. The bytes stay unchanged. */

import { APIError } from 'openai';
import { fields } from '../../domain/json.ts';

/** One event, a comment, or blank lines between events. */
export interface RawEvent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The parsed JSON; `undefined` for events without JSON. */
  readonly chunk: unknown;
  /** What the SDK's stream would throw at this event. */
  readonly error?: Error | undefined;
}

export interface RawEventsOptions {
  readonly headers: Headers;
  /** An error event, or one that cannot be parsed, throws as the SDK's stream would, after its bytes were given. */
  readonly throws: boolean;
  /** It throws at once, so that another upstream can answer. A body that its caller reads already is given to its end first. */
  readonly throwsAtOnce: () => boolean;
  /** The body broke off because we ended it after it was complete. */
  readonly wasCutWhole: () => boolean;
}

/** The events of a body, in order. All their bytes together are the body. */
export class RawEvents implements AsyncIterator<RawEvent, unknown> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #options: RawEventsOptions;
  readonly #bytes = new EventBytes();
  #ready: RawEvent[] = [];
  #next = 0;
  /** `[DONE]` was read: the rest passes unparsed. */
  #isDone = false;
  #hasEnded = false;
  /** The error of the first event that has one, among those that were given. */
  #error: Error | undefined;

  constructor(body: ReadableStream<Uint8Array>, options: RawEventsOptions) {
    this.#reader = body.getReader();
    this.#options = options;
  }

  async next(): Promise<IteratorResult<RawEvent, unknown>> {
    for (;;) {
      if (this.#error && this.#options.throwsAtOnce()) await this.#stop(this.#error);
      const event = this.#ready[this.#next];
      if (event) {
        this.#next += 1;
        this.#error ??= event.error;
        return { done: false, value: event };
      }
      if (this.#hasEnded && this.#error) throw this.#error;
      if (this.#hasEnded) return { done: true, value: undefined };
      this.#next = 0;
      this.#ready = [];
      await this.#read();
    }
  }

  async return(value?: unknown): Promise<IteratorResult<RawEvent, unknown>> {
    this.#hasEnded = true;
    await this.#reader.cancel(value);
    return { done: true, value };
  }

  async #stop(reason: Error): Promise<never> {
    await this.#reader.cancel().catch(() => undefined);
    throw reason;
  }

  async #read(): Promise<void> {
    const { value, done } = await this.#reader.read().catch((error: unknown) => {
      if (this.#options.wasCutWhole()) return { value: undefined, done: true };
      throw this.#error ?? error;
    });
    this.#hasEnded = done;
    const pieces = value ? this.#bytes.push(value) : [this.#bytes.rest()];
    for (const bytes of pieces) if (bytes.length > 0) this.#take(bytes);
  }

  #take(bytes: Uint8Array<ArrayBuffer>): void {
    const event = this.#isDone ? undefined : readEvent(decoder.decode(bytes));
    this.#isDone ||= event?.data.startsWith('[DONE]') ?? false;
    this.#ready.push({ bytes, ...(event && !this.#isDone ? this.#parse(event.name, event.data) : NO_CHUNK) });
  }

  #parse(name: string, data: string): Omit<RawEvent, 'bytes'> {
    let chunk: unknown;
    const { throws, headers } = this.#options;
    try {
      chunk = JSON.parse(data);
    } catch {
      return throws ? { chunk, error: new SyntaxError('A server-sent event is not JSON.') } : NO_CHUNK;
    }
    const { error } = fields(chunk);
    if (!throws || (!error && name !== 'error')) return { chunk };
    // Some providers send a string. The SDK accepts it, though its types do not.
    return { chunk, error: new APIError(undefined, (error ?? chunk) as object, undefined, headers) };
  }
}

const NO_CHUNK = { chunk: undefined };

/** Cuts bytes into events, each with the blank line that ends it. Takes time in proportion to the bytes, however large an event is. */
class EventBytes {
  /** The pieces of the event that has begun. */
  #pieces: Uint8Array<ArrayBuffer>[] = [];
  /** The last bytes of these pieces, in which an end may begin. */
  #tail: Uint8Array<ArrayBuffer> = new Uint8Array();

  /** Returns the events that `bytes` complete. */
  push(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
    const overlap = this.#tail.length;
    const all = concat([this.#tail, bytes]);
    const events: Uint8Array<ArrayBuffer>[] = [];
    // Where the bytes begin that belong to no event yet. The overlap is part of the pieces.
    let start = overlap;
    for (let at = 0; at < all.length; at += 1) {
      const end = endAt(all, at);
      if (end === undefined || end <= overlap) continue;
      events.push(concat([...this.#pieces, all.subarray(start, end)]));
      this.#pieces = [];
      start = end;
      at = end - 1;
    }
    if (start < all.length) this.#pieces.push(all.slice(start));
    this.#tail = all.slice(Math.max(events.length > 0 ? start : 0, all.length - LONGEST_END + 1));
    return events;
  }

  /** The bytes after the last blank line. The SDK, too, takes them for an event. */
  rest(): Uint8Array<ArrayBuffer> {
    return concat(this.#pieces);
  }
}

function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

const LF = 0x0a;
const CR = 0x0d;
/** The length of `\r\n\r\n`. */
const LONGEST_END = 4;

/** The end of an event whose blank line begins at `at`; `undefined` where no blank line begins. */
function endAt(bytes: Uint8Array, at: number): number | undefined {
  const [first, second, third, fourth] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  if ((first === LF && second === LF) || (first === CR && second === CR)) return at + 2;
  return first === CR && second === LF && third === CR && fourth === LF ? at + 4 : undefined;
}

/** The chunks in the text of a whole stream; `undefined` if the text is not one. */
export function chunksIn(text: string): readonly unknown[] | undefined {
  if (!/^(data|event|id|retry|:)/.test(text.trimStart())) return undefined;
  const chunks: unknown[] = [];
  for (const part of text.split(/\r\n\r\n|\n\n|\r\r/)) {
    const data = readEvent(part)?.data;
    if (!data || data.startsWith('[DONE]')) continue;
    try {
      chunks.push(JSON.parse(data));
    } catch {
      return undefined;
    }
  }
  return chunks.length > 0 ? chunks : undefined;
}

/** The name and data of one event; `undefined` for a comment or a keep-alive. */
function readEvent(text: string): { readonly name: string; readonly data: string } | undefined {
  let name = '';
  let data: string | undefined;
  for (const line of text.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).replace(/^ /, '');
    if (line.startsWith('event:')) name = value;
    else if (line.startsWith('data:')) data = data === undefined ? value : `${data}\n${value}`;
  }
  return data === undefined && name === '' ? undefined : { name, data: data ?? '' };
}

const decoder = new TextDecoder();
