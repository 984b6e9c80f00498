/** Sliding time: a window as a ring of slices, of which the oldest is emptied as time passes. */

/**
 * Slices of a window. Eight keep the window's length right to an eighth; a power of two makes the place in the ring a mask.
 */
export const SLICES = 8;

/** Something recorded by slice: it keeps `SLICES` parts, one of which is emptied at a time. */
export interface Sliced {
  /** Bytes of its arrays; they never grow. */
  readonly byteLength: number;
  /** Empties one slice, 0 to `SLICES - 1`, whose time has left the window. */
  expire(slice: number): void;
}

/**
 * Says which slice a time belongs to, and empties the slices of all its parts when their time has left the window. At any
 * time the window holds the slice that is being filled and the seven before it: between 7/8 and the whole of `windowMs`.
 *
 * Time is what the callers say. It may stand still or jump far ahead. Where it steps back, the window stays at the latest
 * time seen; a late record still counts in its own slice, and one from before the window is not recorded.
 */
export class SliceRing {
  readonly #sliceMs: number;
  readonly #parts: readonly Sliced[];
  /** Slices are numbered from the epoch. */
  #newest = -Infinity;
  #firstMs = Infinity;

  /** `windowMs` is positive. Every part belongs to this ring alone. */
  constructor(windowMs: number, parts: readonly Sliced[]) {
    this.#sliceMs = windowMs / SLICES;
    this.#parts = parts;
  }

  /** Bytes of all parts. */
  get byteLength(): number {
    return this.#parts.reduce((bytes, part) => bytes + part.byteLength, 0);
  }

  /** Moves the window on to `nowMs`, to be done before its parts are read. */
  advance(nowMs: number): void {
    this.#moveTo(this.#numberOf(nowMs));
  }

  /** The slice to record in what happened at `atMs`; `undefined` when that was before the window. */
  sliceAt(atMs: number): number | undefined {
    const number = this.#numberOf(atMs);
    if (number > this.#newest) this.#moveTo(number);
    // Said in this direction so that NaN is not recorded either.
    if (!(number > this.#newest - SLICES)) return undefined;
    if (atMs < this.#firstMs) this.#firstMs = atMs;
    return placeOf(number);
  }

  /**
   * The part of the window that was observed, in ms: from the first record ever, or from the start of the oldest slice if
   * that is later, until `nowMs`. At least one slice, so that the first records do not stand for an absurd pace.
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
      const slice = placeOf(number - back);
      for (const part of this.#parts) part.expire(slice);
    }
    if (passed > 0) this.#newest = number;
  }
}

function placeOf(number: number): number {
  return number & (SLICES - 1);
}

/* PART: A sum over a sliding window. */

/**
 * A counter or an amount, kept by slice. The total is added up when it is asked for: a running total of USD would keep the
 * rounding of every amount that was ever added and taken away, and an idle upstream would cost 1e-17 USD.
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

  total(): number {
    let total = 0;
    for (const amount of this.#slices) total += amount;
    return total;
  }
}

/** One counter for each name. */
export function createCounters<Name extends string>(names: readonly Name[]): Readonly<Record<Name, SlicedCounter>> {
  // Object.fromEntries forgets the names.
  return Object.fromEntries(names.map((name) => [name, new SlicedCounter()])) as Record<Name, SlicedCounter>;
}

/* PART: A rate or a mean, which does not exist without samples. */

/** `part / whole`; `null` when `whole` is 0. */
export function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
