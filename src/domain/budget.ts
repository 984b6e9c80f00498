/** Budgets: how much may be spent in an hour, a day or a month. */

/** Of the UTC calendar. */
export type BudgetPeriod = 'hour' | 'day' | 'month';

/** What one amount is for: everything, each key by itself, or each upstream by itself. */
export type BudgetScope = 'all' | 'key' | 'upstream';

/** A budget in its current period. Where each key or upstream has an amount of its own, the sums of all of them. */
export interface BudgetSnapshot {
  readonly name: string;
  readonly per: BudgetPeriod;
  readonly scope: BudgetScope;
  /** USD, of each amount. */
  readonly limitUsd: number;
  /** USD of attempts that have ended. */
  readonly spentUsd: number;
  /** USD held by estimate for those under way. */
  readonly reservedUsd: number;
  /** Amounts that were drawn on: of one key or upstream each. */
  readonly accounts: number;
  /** Of these, how many are spent. */
  readonly exhausted: number;
  readonly startedAtMs: number;
  readonly resetsAtMs: number;
}
