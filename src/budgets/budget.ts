/** A budget: its amounts in the current period, one for all, or one for each key or upstream. */

import type { BudgetPeriod, BudgetScope, BudgetSnapshot } from '../domain/budget.ts';
import { BudgetAccount } from './budget-account.ts';
import { periodAt, type Period } from './budget-period.ts';

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
