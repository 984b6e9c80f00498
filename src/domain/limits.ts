/** Limits: how much an upstream may be asked. */

/** What is used of an upstream's limits. */
export interface LimitsSnapshot {
  /** Attempts that have not ended. */
  readonly underWay: number;
  /** Calls in its queue. */
  readonly waiting: number;
  /** Of the last 61 to 62 seconds; `null` without a limit. */
  readonly requests: number | null;
  /** The same, with what is held for attempts under way. */
  readonly tokens: number | null;
}
