/** One amount of money: what was spent of it, and what is held for attempts under way. */

/** The shares of an amount at which it is told, 0–1. */
export const TOLD_SHARES = [0.5, 0.8, 1] as const;

export type ToldShare = (typeof TOLD_SHARES)[number];

/** Sums of many small amounts are off by less than this share of the limit. */
const ROUNDING = 1e-9;

export class BudgetAccount {
  readonly #limitUsd: number;
  #spentUsd = 0;
  #reservedUsd = 0;
  #reservations = 0;
  #told = 0;

  constructor(limitUsd: number) {
    this.#limitUsd = limitUsd;
  }

  get spentUsd(): number {
    return this.#spentUsd;
  }

  get reservedUsd(): number {
    return this.#reservedUsd;
  }

  /** Nothing may be drawn on it any more, not even what costs nothing known. */
  get isExhausted(): boolean {
    return this.#spentUsd >= this.#limitUsd * (1 - ROUNDING);
  }

  get isIdle(): boolean {
    return this.#reservations === 0;
  }

  fits(estimateUsd: number): boolean {
    const takenUsd = this.#spentUsd + this.#reservedUsd + estimateUsd;
    return !this.isExhausted && takenUsd <= this.#limitUsd * (1 + ROUNDING);
  }

  reserve(estimateUsd: number): void {
    this.#reservedUsd += estimateUsd;
    this.#reservations += 1;
  }

  /** What was held by `estimateUsd` came to `costUsd`. */
  settle(estimateUsd: number, costUsd: number): void {
    this.#reservations -= 1;
    // Sums that come and go keep rests of rounding.
    this.#reservedUsd = this.#reservations === 0 ? 0 : Math.max(0, this.#reservedUsd - estimateUsd);
    this.#spentUsd += costUsd;
  }

  /** A new period. What is under way will be paid in it. */
  renew(): void {
    this.#spentUsd = 0;
    this.#told = 0;
  }

  /**
   * The next share that is reached and was not told in this period. Where calls are refused the last cent is never spent: once
   * all shares but the whole were told, the first refusal reaches that.
   */
  nextShare(isRefusing: boolean): ToldShare | undefined {
    const share = TOLD_SHARES[this.#told];
    if (share === undefined) return undefined;
    const isReached = this.#spentUsd >= share * this.#limitUsd * (1 - ROUNDING) || (isRefusing && share === 1);
    if (!isReached) return undefined;
    this.#told += 1;
    return share;
  }
}
