/** A sliding window as a ring of time slices: as time passes, the oldest slice is emptied. */

/** Slices per window. With eight, the window's length is exact to 1/8; with a power of two, the index in the ring is a bit mask. */
export const SLICES = 8;

/** Something recorded by slice. */
export interface Sliced {
  /** The size of the arrays in bytes; it never changes. */
  readonly byteLength: number;
  /** Empties a slice (0 to `SLICES - 1`) whose time has left the window. */
  expire(slice: number): void;
}

/**
 * Assigns times to slices, and empties the slices of its parts when their time has left the window. The window consists of
 * the slice being filled and the seven before it: between 7/8 of `windowMs` and all of it.
 *
 * Callers pass the time. It may stand still or jump ahead. If it goes back, the window stays at the latest time seen: a
 * late record counts in its own slice, and a record from before the window is ignored.
 */
export class SliceRing {
  readonly #sliceMs: number;
  readonly #parts: readonly Sliced[];
  /** The number of the newest slice, counted from the Unix epoch. */
  #newest = -Infinity;
  #firstMs = Infinity;

  /**
   * @param windowMs above 0
   * @param parts must not be shared with another ring
   */
  constructor(windowMs: number, parts: readonly Sliced[]) {
    this.#sliceMs = windowMs / SLICES;
    this.#parts = parts;
  }

  /** The size of all parts in bytes. */
  get byteLength(): number {
    return this.#parts.reduce((bytes, part) => bytes + part.byteLength, 0);
  }

  /** Moves the window on to `nowMs`. Must be called before the parts are read. */
  advance(nowMs: number): void {
    this.#moveTo(this.#numberOf(nowMs));
  }

  /** The slice of the time `atMs`; `undefined` if that is before the window. */
  sliceAt(atMs: number): number | undefined {
    const number = this.#numberOf(atMs);
    if (number > this.#newest) this.#moveTo(number);
    // Written as a negation so that NaN is not recorded either.
    if (!(number > this.#newest - SLICES)) return undefined;
    if (atMs < this.#firstMs) this.#firstMs = atMs;
    return indexOf(number);
  }

  /**
   * The observed part of the window in ms: from the first record ever, or from the start of the oldest slice if that is later,
   * until `nowMs`. It is at least one slice; otherwise the first records would yield absurd rates.
   */
  observedMs(nowMs: number): number {
    const untilMs = Math.max(nowMs, this.#newest * this.#sliceMs);
    const oldestMs = (this.#newest - SLICES + 1) * this.#sliceMs;
    return Math.max(this.#sliceMs, untilMs - Math.max(this.#firstMs, oldestMs));
  }

  #numberOf(atMs: number): number {
    return Math.floor(atMs / this.#sliceMs);
  }

  #moveTo(number: number): void {
    const passed = Math.min(number - this.#newest, SLICES);
    for (let back = 0; back < passed; back += 1) {
      const slice = indexOf(number - back);
      for (const part of this.#parts) part.expire(slice);
    }
    if (passed > 0) this.#newest = number;
  }
}

/** The index of a slice in the ring. */
function indexOf(number: number): number {
  return number & (SLICES - 1);
}

/**
 * A counter or an amount, kept by slice. The total is computed on demand: a running total of USD would accumulate the
 * rounding errors of all amounts added and removed, and an idle upstream would cost 1e-17 USD.
 */
export class SlicedCounter implements Sliced {
  readonly #slices = new Float64Array(SLICES);

  get byteLength(): number {
    return this.#slices.byteLength;
  }

  add(slice: number, amount: number): void {
    this.#slices[slice] = (this.#slices[slice] ?? 0) + amount;
  }

  expire(slice: number): void {
    this.#slices[slice] = 0;
  }

  /** How many slices have an amount, in this counter or in `other`. */
  filledSlices(other?: SlicedCounter): number {
    return this.#slices.filter((amount, slice) => amount > 0 || (other?.amountAt(slice) ?? 0) > 0).length;
  }

  amountAt(slice: number): number {
    return this.#slices[slice] ?? 0;
  }

  total(): number {
    let total = 0;
    for (const amount of this.#slices) total += amount;
    return total;
  }
}

/** One counter for each name. */
export function createCounters<Name extends string>(names: readonly Name[]): Readonly<Record<Name, SlicedCounter>> {
  // The type of Object.fromEntries loses the names.
  return Object.fromEntries(names.map((name) => [name, new SlicedCounter()])) as Record<Name, SlicedCounter>;
}

/** A rate or a mean: `part / whole`; `null` without samples, that is, if `whole` is 0. */
export function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
