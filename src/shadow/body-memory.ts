/** Bounds the memory that the bodies of copies take from their call until both answers have ended. */

/** The room for bodies, in bytes. */
export class BodyMemory {
  readonly #maxBytes: number;
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes room for a body, and returns how to give it back; `undefined` if there is not enough. Giving back twice has no effect. */
  take(body: unknown): (() => void) | undefined {
    const bytes = approximateBytes(body, this.#maxBytes - this.#heldBytes);
    if (bytes === undefined) return undefined;
    this.#heldBytes += bytes;
    let held = true;
    return () => {
      if (held) this.#heldBytes -= bytes;
      held = false;
    };
  }
}

/** The memory of any value that is not a string. */
const VALUE_BYTES = 16;

/** The approximate size of a body in memory; `undefined` as soon as it is above `maxBytes`. Encoding the body would cost far more. */
function approximateBytes(body: unknown, maxBytes: number): number | undefined {
  const waiting: unknown[] = [body];
  const seen = new Set<object>();
  let bytes = 0;
  while (waiting.length > 0) {
    const value = waiting.pop();
    // V8 keeps most texts with one byte per character.
    bytes += typeof value === 'string' ? VALUE_BYTES + value.length : VALUE_BYTES;
    if (bytes > maxBytes) return undefined;
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (ArrayBuffer.isView(value)) bytes += value.byteLength;
    else for (const field in value) waiting.push((value as Readonly<Record<string, unknown>>)[field]);
  }
  return bytes > maxBytes ? undefined : bytes;
}
