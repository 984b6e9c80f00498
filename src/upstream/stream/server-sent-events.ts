/** Reads the events of a raw body as the SDK would, and keeps their bytes. */

import { APIError } from 'openai';
import { fields } from '../../domain/json.ts';

/** One event, or what stands between events. */
export interface RawEvent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its JSON; `undefined` where it has none. */
  readonly chunk: unknown;
}

export interface RawEventsOptions {
  readonly headers: Headers;
  /** An event that says an error, or that cannot be read, ends the events by an error, as the SDK's stream would. */
  readonly throws: boolean;
  /** The body broke off because we ended it, when nothing of it was missing. */
  readonly wasCutWhole: () => boolean;
}

/** The events of a body, in order; all their bytes together are the body's. */
export class RawEvents implements AsyncIterator<RawEvent, unknown> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #options: RawEventsOptions;
  readonly #bytes = new EventBytes();
  #ready: RawEvent[] = [];
  #next = 0;
  /** `[DONE]` has come: what follows passes unread. */
  #isDone = false;
  #hasEnded = false;
  /** What the last event said, thrown when its bytes have been given. */
  #error: unknown;

  constructor(body: ReadableStream<Uint8Array>, options: RawEventsOptions) {
    this.#reader = body.getReader();
    this.#options = options;
  }

  async next(): Promise<IteratorResult<RawEvent, unknown>> {
    for (;;) {
      const event = this.#ready[this.#next];
      if (event) {
        this.#next += 1;
        return { done: false, value: event };
      }
      if (this.#error !== undefined) await this.#stop();
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

  async #stop(): Promise<never> {
    await this.#reader.cancel().catch(() => undefined);
    throw this.#error as Error;
  }

  async #read(): Promise<void> {
    const { value, done } = await this.#reader.read().catch((error: unknown) => {
      if (this.#options.wasCutWhole()) return { value: undefined, done: true };
      throw error;
    });
    this.#hasEnded = done;
    const pieces = value ? this.#bytes.push(value) : [this.#bytes.rest()];
    for (const bytes of pieces) if (bytes.length > 0) this.#take(bytes);
  }

  #take(bytes: Uint8Array<ArrayBuffer>): void {
    // What follows an error is the provider's word no more.
    if (this.#error !== undefined) return;
    const event = this.#isDone ? undefined : readEvent(bytes);
    this.#isDone ||= event?.data.startsWith('[DONE]') ?? false;
    const chunk = event && !this.#isDone ? this.#parse(event.name, event.data) : undefined;
    this.#ready.push({ bytes, chunk });
  }

  #parse(name: string, data: string): unknown {
    let chunk: unknown;
    try {
      chunk = JSON.parse(data);
    } catch {
      if (this.#options.throws) this.#error = new SyntaxError('A server-sent event is not JSON.');
      return undefined;
    }
    const { error } = fields(chunk);
    if (this.#options.throws && (error || name === 'error')) {
      // Some providers send a string; the SDK takes it, though its types do not.
      this.#error = new APIError(undefined, (error ?? chunk) as object, undefined, this.#options.headers);
    }
    return chunk;
  }
}

/* PART: Cuts the bytes of an event stream into server-sent events. */

/** Events as they came, byte for byte, with the blank line that ends them. */
class EventBytes {
  #pending: Uint8Array<ArrayBuffer> = new Uint8Array();

  /** The events that `bytes` complete. */
  push(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
    const all = new Uint8Array(this.#pending.length + bytes.length);
    all.set(this.#pending);
    all.set(bytes, this.#pending.length);
    const events: Uint8Array<ArrayBuffer>[] = [];
    let start = 0;
    // What was pending has no end within it, but for its last bytes.
    for (let at = Math.max(0, this.#pending.length - LONGEST_END + 1); at < all.length; at += 1) {
      const end = endAt(all, at);
      if (end === undefined) continue;
      events.push(all.subarray(start, end));
      start = end;
      at = end - 1;
    }
    this.#pending = all.slice(start);
    return events;
  }

  /** What is left without a blank line: the SDK, too, takes it for an event. */
  rest(): Uint8Array<ArrayBuffer> {
    return this.#pending;
  }
}

const LF = 0x0a;
const CR = 0x0d;
/** `\r\n\r\n`. */
const LONGEST_END = 4;

/** Where an event ends whose blank line begins at `at`. */
function endAt(bytes: Uint8Array, at: number): number | undefined {
  const [one, two, three, four] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  if ((one === LF && two === LF) || (one === CR && two === CR)) return at + 2;
  return one === CR && two === LF && three === CR && four === LF ? at + 4 : undefined;
}

/** The fields of one event that matter; `undefined` for a comment, or a keep-alive. */
function readEvent(bytes: Uint8Array): { readonly name: string; readonly data: string } | undefined {
  let name = '';
  let data: string | undefined;
  for (const line of decoder.decode(bytes).split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).replace(/^ /, '');
    if (line.startsWith('event:')) name = value;
    else if (line.startsWith('data:')) data = data === undefined ? value : `${data}\n${value}`;
  }
  return data === undefined && name === '' ? undefined : { name, data: data ?? '' };
}

const decoder = new TextDecoder();
