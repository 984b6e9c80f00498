/** One budget: what is spent and reserved in the current period, in one account for all calls or one per key or upstream. */

import { BudgetAccount } from './account.ts';
import type { BudgetPeriod, BudgetScope, BudgetSnapshot } from '../domain/usage.ts';

export interface BudgetPolicy {
  readonly name: string;
  /** `run`: the time of one `canary.run()`, which does not end. */
  readonly per: BudgetPeriod | 'run';
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

/** What was spent of a budget in one period, in USD by account. */
export interface SpentInPeriod {
  readonly per: BudgetPolicy['per'];
  readonly startMs: number;
  readonly spentUsd: Readonly<Record<string, number>>;
}

export class Budget {
  readonly policy: BudgetPolicy;
  /** By key or upstream; scope `all` uses the empty name. From `ORDERED_FROM` keys on, the most recently used is the last. */
  readonly #accounts = new Map<string, BudgetAccount>();
  #period: Period;
  #hasExhausted = false;
  /** What was spent in the current period and is not in the store yet, by account. */
  readonly #unsent = new Map<string, number>();

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
    const account = known ?? new BudgetAccount(limitUsd, name);
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
    if (costUsd > 0) this.#unsent.set(account.name, (this.#unsent.get(account.name) ?? 0) + costUsd);
    if (account.isExhausted) this.#hasExhausted = true;
  }

  /** What was spent since the last call of this, for the store. */
  takeUnsent(nowMs: number): SpentInPeriod | undefined {
    const { startMs } = this.periodAt(nowMs);
    if (this.#unsent.size === 0) return undefined;
    const spentUsd = Object.fromEntries(this.#unsent);
    this.#unsent.clear();
    return { per: this.policy.per, startMs, spentUsd };
  }

  /** Continues from what all processes have spent together. Amounts of another period say nothing about this one. */
  adopt({ per, startMs, spentUsd }: SpentInPeriod, nowMs: number): void {
    if (per !== this.policy.per || startMs !== this.periodAt(nowMs).startMs) return;
    for (const [name, totalUsd] of Object.entries(spentUsd)) {
      const account = this.#accounts.get(name) ?? this.#keepAccount(name);
      account.adopt(totalUsd + (this.#unsent.get(name) ?? 0));
      if (account.isExhausted) this.#hasExhausted = true;
    }
  }

  #keepAccount(name: string): BudgetAccount {
    const account = new BudgetAccount(this.policy.limitUsd, name);
    this.#accounts.set(name, account);
    if (this.#accounts.size > MAX_ACCOUNTS) this.#dropOldestIdle();
    return account;
  }

  snapshot(nowMs: number): Omit<BudgetSnapshot, 'per'> & Pick<BudgetPolicy, 'per'> {
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
    this.#unsent.clear();
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

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** The hour, day or month of the UTC calendar that contains `atMs`. */
function periodAt(per: BudgetPolicy['per'], atMs: number): Period {
  switch (per) {
    case 'run':
      return { startMs: atMs, endMs: Infinity };
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
