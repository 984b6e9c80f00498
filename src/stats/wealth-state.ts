/** The state of a `Wealth` as plain numbers, for a store. */

export interface WealthState {
  /** ln of the wealth on each alternative. */
  readonly logs: readonly number[];
  /** The part held back. */
  readonly reserve: number;
  /** Calls of the canary. */
  readonly calls: number;
  /** The reserve is paid in up to this call. */
  readonly paidUntil: number;
  /** See `Wealth.onset`. */
  readonly onset?: number | undefined;
}
