/** Gauges learn what stable does from past calls only: a bet uses the reading from before the call. */

/** A gauge keeps a reading until its count of calls has grown by a factor of 1.3. */
export interface Gauge {
  /** Changes with the reading. */
  readonly version: number;
  /** Counts one call of stable with badness `x`. */
  learn(x: number): void;
}

/** The growth of the count over which a reading stays fixed, so that tables made from it last. */
export const GROWTH = 1.3;

/** Above this count all counts are halved, so that old calls lose their weight. */
export const MEMORY_CALLS = 50_000;
