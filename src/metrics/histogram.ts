/** Latency quantiles over a sliding window, in constant memory. */

import type { Quantiles } from '../domain/snapshot.ts';
import { type Sliced, SLICES } from './sliding-window.ts';

/** Values below this many ms are read back as 0. */
const LOWEST_MS = 2 ** -4;
/** Values above this many ms (an hour) are read back as this. */
const HIGHEST_MS = 3_600_000;

/** Each octave has 2⁵ buckets of equal width: the middle of a bucket is within 1/64 = 1.6 % of all its values. */
const SUB_BUCKET_BITS = 5;
/** The bits of a float32 below the exponent and the sub-bucket. */
const DROPPED_BITS = 23 - SUB_BUCKET_BITS;
/** Half a bucket's width, in the bits of a float32. */
const HALF_BUCKET = 1 << (DROPPED_BITS - 1);
/** Exponent (127 is 2⁰) and sub-bucket of `LOWEST_MS`. */
const LOWEST_CODE = (127 - 4) << SUB_BUCKET_BITS;
/** 26 octaves from 2⁻⁴ ms to 2²² ms (70 min), and bucket 0 for smaller values. */
const BUCKETS = 1 + (26 << SUB_BUCKET_BITS);

/**
 * A histogram of latencies for a `SliceRing`, with a relative error of at most 1/64 between 0.0625 ms and an hour.
 *
 * The buckets are those of HdrHistogram: logarithmic octaves, linear within. A value's bucket is the top of its float32
 * bits (the exponent and five bits of mantissa), so no logarithm has to be computed. A running sum over the slices lets a
 * query walk one array; an expiring slice is subtracted from it.
 */
export class SlidingHistogram implements Sliced {
  readonly #slices = new Uint32Array(SLICES * BUCKETS);
  readonly #sums = new Uint32Array(BUCKETS);
  readonly #float = new Float32Array(1);
  readonly #bits = new Uint32Array(this.#float.buffer);
  #count = 0;

  get byteLength(): number {
    return this.#slices.byteLength + this.#sums.byteLength + this.#float.byteLength;
  }

  /** Counts a value in ms; ignores NaN. */
  record(slice: number, valueMs: number): void {
    if (Number.isNaN(valueMs)) return;
    const bucket = this.#bucketOf(valueMs);
    const index = slice * BUCKETS + bucket;
    this.#slices[index] = (this.#slices[index] ?? 0) + 1;
    this.#sums[bucket] = (this.#sums[bucket] ?? 0) + 1;
    this.#count += 1;
  }

  expire(slice: number): void {
    const counts = this.#slices.subarray(slice * BUCKETS, (slice + 1) * BUCKETS);
    for (const [bucket, count] of counts.entries()) {
      this.#sums[bucket] = (this.#sums[bucket] ?? 0) - count;
      this.#count -= count;
    }
    counts.fill(0);
  }

  /** Quantiles by nearest rank: p95 is the smallest recorded value that at least 95 % of the values do not exceed. */
  quantiles(): Quantiles {
    const count = this.#count;
    if (count === 0) return { count, p50: null, p95: null, p99: null };
    let bucket = -1;
    let seen = 0;
    // Each quantile continues where the previous one ended: one walk for all three. It ends because the sums add up to `count`.
    const next = (percent: number): number => {
      const rank = Math.ceil((count * percent) / 100);
      while (seen < rank) seen += this.#sums[++bucket] ?? Infinity;
      return this.#middleOf(bucket);
    };
    return { count, p50: next(50), p95: next(95), p99: next(99) };
  }

  #bucketOf(valueMs: number): number {
    if (valueMs < LOWEST_MS) return 0;
    this.#float[0] = Math.min(valueMs, HIGHEST_MS);
    return ((this.#bits[0] ?? 0) >>> DROPPED_BITS) - LOWEST_CODE + 1;
  }

  #middleOf(bucket: number): number {
    if (bucket === 0) return 0;
    this.#bits[0] = ((bucket - 1 + LOWEST_CODE) << DROPPED_BITS) | HALF_BUCKET;
    return this.#float[0] ?? 0;
  }
}
