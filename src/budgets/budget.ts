/** One budget: what is spent and reserved in the current period, in one account for all calls or one per key or upstream. */

import type { BudgetPeriod, BudgetScope, BudgetSnapshot } from '../domain/usage.ts';

export interface BudgetPolicy {
  readonly name: string;
  readonly per: BudgetPeriod;
  /** USD, above 0. */
  readonly limitUsd: number;
  readonly scope: BudgetScope;
  /** The only key (as in `Spender.key`) or upstream that the budget covers; `undefined`: each one has an account of its own. */
  readonly only: string | undefined;
  /** Whether attempts that do not fit are refused. If not, the budget only emits events. */
  readonly rejects: boolean;
}

/** What an attempt's cost is charged to. */
export interface Spender {
  readonly upstream: string;
  /** The key, or its hash; `undefined` if the call has no key. */
  readonly key: string | undefined;
}

/** From `startMs` up to `endMs`, in ms since the Unix epoch. */
export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

/** The most accounts of a budget. Beyond it, the account that has been idle longest is dropped. */
const MAX_ACCOUNTS = 10_000;
/** From this number of accounts on, keys are kept in order of use. With fewer, no account is about to be dropped. */
const ORDERED_FROM = MAX_ACCOUNTS / 2;

export class Budget {
  readonly policy: BudgetPolicy;
  /** By key or upstream; scope `all` uses the empty name. From `ORDERED_FROM` keys on, the most recently used is the last. */
  readonly #accounts = new Map<string, BudgetAccount>();
  #period: Period;
  #hasExhausted = false;

  constructor(policy: BudgetPolicy, nowMs: number) {
    this.policy = policy;
    this.#period = periodAt(policy.per, nowMs);
  }

  /** The current period. If the clock goes back, the period stays: an amount must not be granted twice. */
  periodAt(nowMs: number): Period {
    if (nowMs >= this.#period.endMs) {
      this.#period = periodAt(this.policy.per, nowMs);
      this.#renew();
    }
    return this.#period;
  }

  /** Whether an account was exhausted in the current period. If not, which is usual, no account has to be looked up. */
  hasExhausted(nowMs: number): boolean {
    this.periodAt(nowMs);
    return this.#hasExhausted;
  }

  /**
   * The account that pays for `spender`; `undefined` if the budget does not cover it.
   *
   * @param keep keep a new account, because money is about to be reserved in it
   */
  accountOf(spender: Spender, nowMs: number, keep: boolean): BudgetAccount | undefined {
    this.periodAt(nowMs);
    const { scope, only, limitUsd } = this.policy;
    const name = scope === 'all' ? '' : spender[scope];
    if (name === undefined || (only !== undefined && only !== name)) return undefined;
    const known = this.#accounts.get(name);
    if (known && (scope !== 'key' || this.#accounts.size < ORDERED_FROM)) return known;
    const account = known ?? new BudgetAccount(limitUsd);
    if (!keep) return account;
    if (known) this.#accounts.delete(name);
    this.#accounts.set(name, account);
    if (this.#accounts.size > MAX_ACCOUNTS) this.#dropOldestIdle();
    return account;
  }

  /**
   * Replaces a reservation of `estimateUsd` in one of this budget's accounts by the actual cost. If the period of the reservation is
   * over, the current period pays.
   */
  settle(account: BudgetAccount, estimateUsd: number, costUsd: number, nowMs: number): void {
    this.periodAt(nowMs);
    account.settle(estimateUsd, costUsd);
    if (account.isExhausted) this.#hasExhausted = true;
  }

  snapshot(nowMs: number): BudgetSnapshot {
    const { startMs, endMs } = this.periodAt(nowMs);
    const { name, per, scope, limitUsd } = this.policy;
    const sums = { spentUsd: 0, reservedUsd: 0, accounts: this.#accounts.size, exhausted: 0 };
    for (const { spentUsd, reservedUsd, isExhausted } of this.#accounts.values()) {
      sums.spentUsd += spentUsd;
      sums.reservedUsd += reservedUsd;
      sums.exhausted += Number(isExhausted);
    }
    return { name, per, scope, limitUsd, ...sums, startedAtMs: startMs, resetsAtMs: endMs };
  }

  #renew(): void {
    this.#hasExhausted = false;
    for (const [name, account] of this.#accounts) {
      if (account.isIdle) this.#accounts.delete(name);
      else account.renew();
    }
  }

  #dropOldestIdle(): void {
    for (const [name, account] of this.#accounts) {
      if (!account.isIdle) continue;
      this.#accounts.delete(name);
      return;
    }
  }
}

/** The shares of the limit, 0–1, that emit an event when they are reached. */
const REPORTED_SHARES = [0.5, 0.8, 1] as const;

/** Rounding errors in sums of many small amounts stay below this share of the limit. */
const ROUNDING = 1e-9;

/** What is spent of one limit, and what is reserved for attempts in flight. */
export class BudgetAccount {
  readonly #limitUsd: number;
  #spentUsd = 0;
  #reservedUsd = 0;
  #reservations = 0;
  #reportedShares = 0;

  constructor(limitUsd: number) {
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

  /** Replaces a reservation of `estimateUsd` by the actual cost. */
  settle(estimateUsd: number, costUsd: number): void {
    this.#reservations -= 1;
    // Adding and subtracting fractions leaves rounding errors behind: without reservations the sum is exactly 0.
    this.#reservedUsd = this.#reservations === 0 ? 0 : Math.max(0, this.#reservedUsd - estimateUsd);
    this.#spentUsd += costUsd;
  }

  /** Begins a new period, which pays for what is still reserved. */
  renew(): void {
    this.#spentUsd = 0;
    this.#reportedShares = 0;
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

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** The hour, day or month of the UTC calendar that contains `atMs`. */
function periodAt(per: BudgetPeriod, atMs: number): Period {
  switch (per) {
    case 'hour':
      return spanAt(atMs, HOUR_MS);
    case 'day':
      return spanAt(atMs, DAY_MS);
    case 'month':
      return monthAt(new Date(atMs));
    default:
      return per satisfies never;
  }
}

/** Unix time has no leap seconds: all hours and all days have the same length. */
function spanAt(atMs: number, lengthMs: number): Period {
  const startMs = Math.floor(atMs / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}

function monthAt(date: Date): Period {
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
}
