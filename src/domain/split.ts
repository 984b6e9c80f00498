/** How the split is written down. */

/** Shares of the split by upstream; they sum to 1. */
export type Weights = Readonly<Record<string, number>>;

/**
 * The table of the split: `[end, upstream]` in ascending order of `end`, the last `end` being 1. A bucket belongs to the
 * first entry whose `end` is greater than it.
 */
export type Ranges = readonly (readonly [end: number, upstream: string])[];

/** An attribute condition that decides before the split does. */
export interface Segment {
  readonly when: Readonly<Record<string, string | number | boolean | readonly (string | number | boolean)[]>>;
  readonly upstream: string;
}
