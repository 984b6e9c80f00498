/** A wealth as plain numbers, for a store. */

/** See `Wealth`. */
export interface WealthState {
  /** ln of the wealth on each alternative. */
  readonly logs: readonly number[];
  /** What is held back. */
  readonly reserve: number;
  /** Of the canary's. */
  readonly calls: number;
  /** The reserve is paid in up to this call. */
  readonly paidUntil: number;
}
