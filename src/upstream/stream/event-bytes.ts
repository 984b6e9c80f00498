/** Cuts the bytes of an event stream into server-sent events. */

/** Events as they came, byte for byte, with the blank line that ends them. */
export class EventBytes {
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
export function readEvent(bytes: Uint8Array): { readonly name: string; readonly data: string } | undefined {
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
