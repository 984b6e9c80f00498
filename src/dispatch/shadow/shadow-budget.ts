/** What copies may spend in a UTC day. */

import type { AttemptRecord } from '../../domain/attempt.ts';

/** Money set aside for a copy that is under way. */
export interface Reserved {
  readonly day: number;
  /** `undefined` where no price is known. */
  readonly estimateUsd: number | undefined;
}

const DAY_MS = 86_400_000;

/** Reserves an estimate before each copy, and settles it by what the copy did cost. */
export class ShadowBudget {
  readonly #budgetUsd: number;
  #day = -Infinity;
  #spentUsd = 0;
  #reservedUsd = 0;

  constructor(budgetUsd: number) {
    this.#budgetUsd = budgetUsd;
  }

  /** `undefined` when the day's money does not suffice. */
  reserve(estimateUsd: number | undefined, nowMs: number): Reserved | undefined {
    const day = Math.floor(nowMs / DAY_MS);
    if (day > this.#day) [this.#day, this.#spentUsd, this.#reservedUsd] = [day, 0, 0];
    const takenUsd = this.#spentUsd + this.#reservedUsd;
    if (takenUsd >= this.#budgetUsd || takenUsd + (estimateUsd ?? 0) > this.#budgetUsd) return undefined;
    this.#reservedUsd += estimateUsd ?? 0;
    return { day: this.#day, estimateUsd };
  }

  /** A copy whose cost is not told counts as estimated, unless it was refused before any work. */
  settle({ day, estimateUsd = 0 }: Reserved, { cost, delivery }: Pick<AttemptRecord, 'cost' | 'delivery'>): void {
    if (day !== this.#day) return;
    this.#reservedUsd = Math.max(0, this.#reservedUsd - estimateUsd);
    this.#spentUsd += cost.costUsd ?? (delivery === 'rejected' ? 0 : estimateUsd);
  }
}
