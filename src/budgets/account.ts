/** What is spent of one limit of a budget, and what is reserved for attempts in flight. */

import { Slice } from './slice.ts';

/** The shares of the limit, 0–1, that emit an event when they are reached. */
const REPORTED_SHARES = [0.5, 0.8, 1] as const;

/** Rounding errors in sums of many small amounts stay below this share of the limit. */
const ROUNDING = 1e-9;

/** What is spent of one limit, and what is reserved for attempts in flight. */
export class BudgetAccount {
  /** The key or upstream, as `Budget` keeps it. */
  readonly name: string;
  readonly #limitUsd: number;
  #spentUsd = 0;
  #reservedUsd = 0;
  #reservations = 0;
  #reportedShares = 0;
  /** What this process may commit of a limit that it shares with others; `undefined`: all that is left. */
  #slice: Slice | undefined;

  constructor(limitUsd: number, name: string) {
    this.name = name;
    this.#limitUsd = limitUsd;
  }

  get spentUsd(): number {
    return this.#spentUsd;
  }

  get reservedUsd(): number {
    return this.#reservedUsd;
  }

  /** The limit is spent. Even attempts whose price is unknown no longer fit. */
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

  /** The part of a shared limit that is this process's own to commit. */
  get slice(): Slice | undefined {
    return this.#slice;
  }

  /** Shares the limit with other processes from now on: nothing may be committed before a part of it is granted. */
  share(): void {
    this.#slice ??= new Slice();
  }

  /** Whether the own part of a shared limit covers `estimateUsd`. */
  fitsSlice(estimateUsd: number): boolean {
    return this.#slice === undefined || this.#slice.covers(this.#reservedUsd + estimateUsd);
  }

  /** Replaces a reservation of `estimateUsd` by the actual cost. */
  settle(estimateUsd: number, costUsd: number): void {
    this.#reservations -= 1;
    // Adding and subtracting fractions leaves rounding errors behind: without reservations the sum is exactly 0.
    this.#reservedUsd = this.#reservations === 0 ? 0 : Math.max(0, this.#reservedUsd - estimateUsd);
    this.#spentUsd += costUsd;
    this.#slice?.spend(costUsd);
  }

  /** Sets what was spent. Shares that earlier processes have reached are not reported again. */
  adopt(spentUsd: number): void {
    const isFirst = this.#spentUsd === 0;
    this.#spentUsd = spentUsd;
    if (isFirst) while (this.nextShare(false) !== undefined);
  }

  /** Begins a new period, which pays for what is still reserved. */
  renew(): void {
    this.#spentUsd = 0;
    this.#reportedShares = 0;
    if (this.#slice) this.#slice = new Slice();
  }

  /**
   * The next share that is reached and was not reported in this period. A budget that refuses calls never spends its last cent: once
   * the smaller shares are reported, the first refusal counts as reaching 1.
   */
  nextShare(isRefusing: boolean): (typeof REPORTED_SHARES)[number] | undefined {
    const share = REPORTED_SHARES[this.#reportedShares];
    if (share === undefined) return undefined;
    const isReached = this.#spentUsd >= share * this.#limitUsd * (1 - ROUNDING) || (isRefusing && share === 1);
    if (!isReached) return undefined;
    this.#reportedShares += 1;
    return share;
  }
}
