/** Money held in budgets for one attempt. */

import type { AttemptRecord } from '../domain/attempt.ts';
import type { BudgetAccount } from '../pricing/budget-account.ts';
import type { Budget } from '../pricing/budget.ts';

/** An amount, and the budget it is part of. */
export interface Drawn {
  readonly budget: Budget;
  readonly account: BudgetAccount;
}

/** Who keeps the budgets. */
export interface Settles {
  settle(reservation: Reservation, record: Pick<AttemptRecord, 'cost' | 'delivery'>): void;
}

/** Is settled exactly once: what comes after the first `settle()` or `cancel()` does nothing. */
export class Reservation {
  readonly drawn: readonly Drawn[];
  readonly upstream: string;
  readonly estimateUsd: number;
  readonly #budgets: Settles;
  #isOpen = true;

  constructor(budgets: Settles, drawn: readonly Drawn[], upstream: string, estimateUsd: number) {
    this.#budgets = budgets;
    this.drawn = drawn;
    this.upstream = upstream;
    this.estimateUsd = estimateUsd;
  }

  settle(record: Pick<AttemptRecord, 'cost' | 'delivery'>): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#budgets.settle(this, record);
  }

  /** The attempt was not made. */
  cancel(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const { account } of this.drawn) account.settle(this.estimateUsd, 0);
  }
}
