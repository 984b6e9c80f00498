/** One budget: what is spent and reserved in the current period, in one account for all calls or one per key or upstream. */

import { BudgetAccount } from './account.ts';
import { Calendar, type Period } from '../domain/calendar.ts';
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

const UTC = new Calendar();
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

export interface RefillTime {
  readonly nowMs: number;
  /** Give back all that is not reserved. */
  readonly ends: boolean;
}

export class Budget {
  readonly policy: BudgetPolicy;
  /** By key or upstream; scope `all` uses the empty name. From `ORDERED_FROM` keys on, the most recently used is the last. */
  readonly #accounts = new Map<string, BudgetAccount>();
  readonly #calendar: Calendar;
  #period: Period;
  #hasExhausted = false;
  /** What was spent in the current period and is not in the store yet, by account. */
  readonly #unsent = new Map<string, number>();
  /** Whether each process may only commit its own part of the limit. */
  #isShared = false;
  /** The store does not answer: what is known of the others stands. */
  #trustsLastKnown = false;

  constructor(policy: BudgetPolicy, nowMs: number, calendar = UTC) {
    this.policy = policy;
    this.#calendar = calendar;
    this.#period = this.#newPeriod(nowMs);
  }

  /** The current period. If the clock goes back, the period stays: an amount must not be granted twice. */
  periodAt(nowMs: number): Period {
    if (nowMs >= this.#period.endMs) {
      this.#period = this.#newPeriod(nowMs);
      this.#renew();
    }
    return this.#period;
  }

  #newPeriod(nowMs: number): Period {
    const { per } = this.policy;
    return per === 'run' ? { startMs: nowMs, endMs: Infinity } : this.#calendar.periodAt(per, nowMs);
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
    const { scope, only } = this.policy;
    const name = scope === 'all' ? '' : spender[scope];
    if (name === undefined || (only !== undefined && only !== name)) return undefined;
    const known = this.#accounts.get(name);
    if (known && (scope !== 'key' || this.#accounts.size < ORDERED_FROM)) return known;
    const account = known ?? this.#createAccount(name);
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

  /**
   * Shares the limit with other processes through the store. Limits by key are not shared this way: there may be thousands, and what one
   * process spends of one is known to the others within a second.
   */
  share(): void {
    this.#isShared = this.policy.rejects && this.policy.scope !== 'key' && this.policy.per !== 'run';
    for (const account of this.#isShared ? this.#accounts.values() : []) account.share();
  }

  get isShared(): boolean {
    return this.#isShared;
  }

  /** @param trusts whether to go by what is known of the other processes, without a part of the limit of one's own */
  trustLastKnown(trusts: boolean): void {
    this.#trustsLastKnown = trusts;
  }

  fits(account: BudgetAccount, estimateUsd: number): boolean {
    return account.fits(estimateUsd) && (this.#trustsLastKnown || account.fitsSlice(estimateUsd));
  }

  /** Whether a call should wait for a refill: the limit has room for it, and this process's part of it has not. */
  waitsForSlice(account: BudgetAccount, estimateUsd: number): boolean {
    const { slice } = account;
    if (!slice) return false;
    const waits =
      !this.#trustsLastKnown && !slice.isDry && account.fits(estimateUsd) && !account.fitsSlice(estimateUsd);
    slice.note(estimateUsd, waits || slice.isDry);
    return waits;
  }

  /** Whether the store has to be written for a part of the limit. */
  get needsRefill(): boolean {
    return this.#isShared && [...this.#accounts.values()].some(({ slice }) => slice?.needsRefill);
  }

  /** What this process is to hold once the store has `spent`, given what all others hold. */
  refill(
    spent: SpentInPeriod | undefined,
    held: readonly SpentInPeriod[],
    sent: SpentInPeriod | undefined,
    { nowMs, ends }: RefillTime,
  ): SpentInPeriod | undefined {
    const { startMs } = this.periodAt(nowMs);
    if (!this.#isShared) return undefined;
    const usdOf = (amounts: SpentInPeriod | undefined, name: string): number =>
      amounts?.startMs === startMs ? (amounts.spentUsd[name] ?? 0) : 0;
    const slices: Record<string, number> = {};
    for (const [name, { slice, reservedUsd }] of this.#accounts) {
      const othersUsd = held.reduce((sum, amounts) => sum + usdOf(amounts, name), 0);
      const availableUsd = this.policy.limitUsd - usdOf(spent, name) - othersUsd;
      const sliceUsd = slice?.refill(availableUsd, reservedUsd, usdOf(sent, name), ends) ?? 0;
      if (sliceUsd > 0) slices[name] = sliceUsd;
    }
    return { per: this.policy.per, startMs, spentUsd: slices };
  }

  /** The store has what `refill()` returned. */
  confirm(held: SpentInPeriod, sent: SpentInPeriod | undefined): void {
    if (held.startMs !== this.#period.startMs) return;
    for (const [name, { slice }] of this.#accounts) {
      slice?.confirm(held.spentUsd[name] ?? 0, sent?.startMs === held.startMs ? (sent.spentUsd[name] ?? 0) : 0);
    }
  }

  #createAccount(name: string): BudgetAccount {
    const account = new BudgetAccount(this.policy.limitUsd, name);
    if (this.#isShared) account.share();
    return account;
  }

  #keepAccount(name: string): BudgetAccount {
    const account = this.#createAccount(name);
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
