/** A distribution in 64 equal bins, whose width grows with the range of the values. */

/** The state as plain numbers, for a store. */
export interface SketchState {
  readonly width: number;
  readonly first: number;
  readonly below: number;
  readonly above: number;
  readonly counts: readonly number[];
}

/** A position in the distribution, and the exact share of values below it. */
export interface Cut {
  readonly at: number;
  readonly below: number;
}

/**
 * Bins lie on a grid of powers of two, so that two sketches can be added. −Infinity and Infinity are counted
 * separately. If `x` is a binary logarithm and the values span a factor of 100, a bin is at most 9 % wide.
 */
export class Sketch {
  readonly #counts = new Float64Array(BINS);
  /** 0 until the first finite value. */
  #width = 0;
  /** The first bin starts at `first·width`. */
  #first = 0;
  #below = 0;
  #above = 0;

  add(x: number, count = 1): void {
    if (x >= LIMIT) this.#above += count;
    else if (!(x > -LIMIT)) this.#below += count;
    else this.#counts[this.#binOf(x)]! += count;
  }

  /** The end of the quantile's bin that is closest to the quantile. Values at the cut count as above it. */
  cutAt(quantile: number, total: number): Cut {
    const target = quantile * total;
    let below = this.#below;
    // All finite numbers lie above −Infinity and below Infinity.
    if (below >= target) return { at: -LIMIT, below: below / total };
    for (let bin = 0; bin < BINS; bin++) {
      const before = below;
      below += this.#counts[bin]!;
      if (below < target) continue;
      // If many values are equal, a cut on their far side would separate nothing.
      const isLower = before > 0 && target - before < below - target;
      return { at: (this.#first + bin + (isLower ? 0 : 1)) * this.#width, below: (isLower ? before : below) / total };
    }
    return { at: LIMIT, below: below / total };
  }

  /** A position that no value is below, close to the lowest one. `undefined` without finite values, or if some are −Infinity. */
  get lowest(): number | undefined {
    const bin = this.#below > 0 ? -1 : this.#counts.findIndex((count) => count > 0);
    return bin < 0 ? undefined : (this.#first + bin) * this.#width;
  }

  /** Adds another sketch's counts multiplied by `times`. No count falls below 0. */
  addAll({ width, first, below, above, counts }: SketchState, times: number): void {
    this.#below = Math.max(0, this.#below + below * times);
    this.#above = Math.max(0, this.#above + above * times);
    counts.forEach((count, index) => {
      if (count === 0) return;
      // The middle of the old bin lies in the right bin of any grid that is as coarse or coarser.
      const bin = this.#binOf((first + index + 0.5) * width);
      this.#counts[bin] = Math.max(0, this.#counts[bin]! + count * times);
    });
  }

  halve(): void {
    this.#counts.forEach((count, bin) => (this.#counts[bin] = count / 2));
    this.#below /= 2;
    this.#above /= 2;
  }

  toJSON(): SketchState {
    return {
      width: this.#width,
      first: this.#first,
      below: this.#below,
      above: this.#above,
      counts: Array.from(this.#counts),
    };
  }

  restore({ width, first, below, above, counts }: SketchState): void {
    this.#width = width;
    this.#first = first;
    this.#below = below;
    this.#above = above;
    this.#counts.set(counts);
  }

  #binOf(x: number): number {
    if (this.#width === 0) this.#begin(x);
    let bin = Math.floor(x / this.#width) - this.#first;
    while (bin < 0 || bin >= BINS) {
      this.#widen(bin < 0);
      bin = Math.floor(x / this.#width) - this.#first;
    }
    return bin;
  }

  #begin(x: number): void {
    this.#width = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(x), SMALLEST))) - FIRST_BITS);
    this.#first = Math.floor(x / this.#width) - BINS / 2;
  }

  /** Joins pairs of bins, and makes room on the side that needs it. */
  #widen(toTheLeft: boolean): void {
    const first = Math.floor(this.#first / 2) - (toTheLeft ? BINS / 2 - 1 : 0);
    const counts = Array.from(this.#counts);
    const oldFirst = this.#first;
    this.#counts.fill(0);
    counts.forEach((count, bin) => (this.#counts[Math.floor((oldFirst + bin) / 2) - first]! += count));
    this.#first = first;
    this.#width *= 2;
  }
}

const BINS = 64;
/** The first bin width is between 1/128 and 1/256 of the first value. */
const FIRST_BITS = 7;
const SMALLEST = 1e-9;
/** Numbers beyond it count as infinite, because their bin could not be computed exactly. */
const LIMIT = 1e15;
