/** A budget: its amounts in the current period, one for all, or one for each key or upstream. */

import type { BudgetPeriod, BudgetScope, BudgetSnapshot } from '../domain/usage.ts';

export interface BudgetPolicy {
  readonly name: string;
  readonly per: BudgetPeriod;
  /** USD, above 0. */
  readonly limitUsd: number;
  readonly scope: BudgetScope;
  /** The only key, as spenders have it, or upstream that the budget is for; `undefined`: each has an amount of its own. */
  readonly only: string | undefined;
  /** What does not fit is refused, or else only told. */
  readonly rejects: boolean;
}

/** Who spends. */
export interface Spender {
  readonly upstream: string;
  /** Or what stands for it. */
  readonly key: string | undefined;
}

/** More keys than this in a period: those that have spent nothing for longest are forgotten. */
const MAX_ACCOUNTS = 10_000;
/** From so many keys on it is kept who was here last: before that nobody will be forgotten soon. */
const ORDERED_FROM = MAX_ACCOUNTS / 2;

export class Budget {
  readonly policy: BudgetPolicy;
  /** By key or upstream; for all, under the empty name. Where there are many, the latest used last. */
  readonly #accounts = new Map<string, BudgetAccount>();
  #period: Period;
  #hasExhausted = false;

  constructor(policy: BudgetPolicy, nowMs: number) {
    this.policy = policy;
    this.#period = periodAt(policy.per, nowMs);
  }

  /** The current period. A clock that goes back stays in it: nobody gets an amount twice. */
  periodAt(nowMs: number): Period {
    if (nowMs >= this.#period.endMs) {
      this.#period = periodAt(this.policy.per, nowMs);
      this.#renew();
    }
    return this.#period;
  }

  /** Whether an amount of the current period is wholly spent; most of the time none is, and nobody needs to look for one. */
  hasExhausted(nowMs: number): boolean {
    this.periodAt(nowMs);
    return this.#hasExhausted;
  }

  /** The amount that `spender` draws on; `undefined` where the budget is not for it. It is `kept` only where something is drawn. */
  accountOf(spender: Spender, nowMs: number, kept: boolean): BudgetAccount | undefined {
    this.periodAt(nowMs);
    const { scope, only, limitUsd } = this.policy;
    const name = scope === 'all' ? '' : spender[scope];
    if (name === undefined || (only !== undefined && only !== name)) return undefined;
    const known = this.#accounts.get(name);
    if (known && (scope !== 'key' || this.#accounts.size < ORDERED_FROM)) return known;
    const account = known ?? new BudgetAccount(limitUsd);
    if (!kept) return account;
    if (known) this.#accounts.delete(name);
    this.#accounts.set(name, account);
    if (this.#accounts.size > MAX_ACCOUNTS) this.#forgetOldest();
    return account;
  }

  /** What was held on `account`, one of this budget, by `estimateUsd` came to `costUsd`. The period may be over: then it is paid in the new one. */
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

  #forgetOldest(): void {
    for (const [name, account] of this.#accounts) {
      if (!account.isIdle) continue;
      this.#accounts.delete(name);
      return;
    }
  }
}

/* PART: One amount of money: what was spent of it, and what is held for attempts under way. */

/** The shares of an amount at which it is told, 0–1. */
const TOLD_SHARES = [0.5, 0.8, 1] as const;

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

/* PART: The hour, day or month of the UTC calendar that holds a moment. */

/** From `startMs` up to `endMs`, in ms since the Unix epoch. */
export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

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

/** Days of Unix time are all of one length. */
function spanAt(atMs: number, lengthMs: number): Period {
  const startMs = Math.floor(atMs / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}

function monthAt(date: Date): Period {
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
}
