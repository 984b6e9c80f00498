/** What stable does, learnt from the past only: a bet rests on what a gauge showed before the call. */

/** A gauge shows one reading for a while, and a new one each time its count of calls has grown by 1.3. */
export interface Gauge {
  /** Moves with the reading. */
  readonly version: number;
  /** Counts one call of stable's, of badness `x`. */
  learn(x: number): void;
}

/** Readings are fixed over this growth of the count, so that tables made from them last. */
export const GROWTH = 1.3;

/** Above this count all counts are halved: what was long ago is forgotten. */
export const MEMORY_CALLS = 50_000;
