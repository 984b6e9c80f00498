/** Shares budgets with other processes and later ones: what was spent, and the parts of limits that each process may commit. */

import type { Clock } from '../time/clock.ts';
import type { Budget, SpentInPeriod } from './budget.ts';

/** Amounts by the name of the budget. */
export type Spent = Readonly<Record<string, SpentInPeriod>>;

interface RefillAmounts {
  /** What all processes have spent together. */
  readonly spent: Spent;
  /** What each of the others holds. */
  readonly held: readonly Spent[];
  /** What this process has spent since the last refill. */
  readonly sent: Spent;
}

export class BudgetSharing {
  readonly #budgets: readonly Budget[];
  readonly #clock: Clock;

  constructor(budgets: readonly Budget[], clock: Clock) {
    this.#budgets = budgets;
    this.#clock = clock;
  }

  /** Shares the limits of budgets that refuse calls with other processes, through the store. */
  share(): void {
    for (const budget of this.#budgets) budget.share();
  }

  /** What was spent since the last call of this, by the name of the budget. Keys have the form that `shortKey` gives them. */
  takeUnsent(): Spent | undefined {
    const nowMs = this.#clock.now();
    const unsent = this.#budgets.flatMap((budget) => {
      const spent = budget.takeUnsent(nowMs);
      return spent ? [[budget.policy.name, spent] as const] : [];
    });
    return unsent.length === 0 ? undefined : Object.fromEntries(unsent);
  }

  /** Continues from what all processes have spent together, by the name of the budget. */
  adopt(spent: Spent): void {
    const nowMs = this.#clock.now();
    for (const budget of this.#budgets) {
      const { name } = budget.policy;
      const known = Object.hasOwn(spent, name) ? spent[name] : undefined;
      if (known) budget.adopt(known, nowMs);
    }
  }

  /** @param trusts as `Budget.trustLastKnown` */
  trustLastKnown(trusts: boolean): void {
    for (const budget of this.#budgets) budget.trustLastKnown(trusts);
  }

  /** Whether the store has to be written for a part of a limit. */
  get needsRefill(): boolean {
    return this.#budgets.some((budget) => budget.needsRefill);
  }

  /** What this process is to hold of each budget once the store has `spent`, by the name of the budget. */
  refill({ spent, held, sent }: RefillAmounts, ends: boolean): Spent {
    const time = { nowMs: this.#clock.now(), ends };
    const slices = this.#budgets.flatMap((budget) => {
      const { name } = budget.policy;
      const ofOthers = held.flatMap((amounts) => amounts[name] ?? []);
      const slice = budget.refill(spent[name], ofOthers, sent[name], time);
      return slice ? [[name, slice] as const] : [];
    });
    return Object.fromEntries(slices);
  }

  /** The store has what `refill()` returned. */
  confirm(held: Spent, sent: Spent): void {
    for (const budget of this.#budgets) {
      const { name } = budget.policy;
      if (held[name]) budget.confirm(held[name], sent[name]);
    }
  }
}
