/** The numbers of the cache. */

/** What the cache did since the client was built, and what it holds. */
export interface CacheSnapshot {
  /** Calls that were answered from memory. */
  readonly hits: number;
  /** Calls that were given the answer to an identical one under way. */
  readonly joined: number;
  /** Calls that were sent. */
  readonly misses: number;
  readonly entries: number;
  readonly bytes: number;
}
