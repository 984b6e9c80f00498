/** Reserves an attempt's estimated cost in every budget that pays for it, and settles the actual cost when the attempt has ended. */

import type { AttemptRecord } from '../domain/attempt.ts';
import { type Call, isFree, type SpendLimit } from '../domain/call.ts';
import type { Calendar } from '../domain/calendar.ts';
import type { BudgetEvent } from '../domain/events.ts';
import { InFlight } from '../domain/in-flight.ts';
import type { BudgetSnapshot } from '../domain/usage.ts';
import { UNKNOWN_COST } from '../pricing/cost.ts';
import type { Clock } from '../time/clock.ts';
import type { BudgetAccount } from './account.ts';
import { Budget, type BudgetPolicy, type Spender } from './budget.ts';
import { BudgetSharing } from './budget-sharing.ts';
import { Reservation } from './reservation.ts';

export interface BudgetsInput {
  readonly policies: readonly BudgetPolicy[];
  readonly clock: Clock;
  /** Whose hours, days and months are the periods. @default UTC */
  readonly calendar?: Calendar | undefined;
  /** The estimated cost of a call on an upstream, in USD; `undefined` if no price is known. */
  readonly estimateCostUsd: (upstream: string, call: Call, body: unknown) => number | undefined;
  /** Shortens a key, which may have any length, or hashes it. Budgets keep only the result, also in a store. */
  readonly shortKey: (key: string) => string;
  /** Called with the estimate and the cost of each attempt for which both are known. Must not throw. */
  readonly onSettled?: ((upstream: string, estimateUsd: number, costUsd: number) => void) | undefined;
  /** Must not throw. */
  readonly onShare: (event: BudgetEvent) => void;
}

/**
 * After this time an open reservation is settled at its estimate. Otherwise a stream that is never read would hold its money for ever.
 */
const MAX_RESERVATION_MS = 3_600_000;

/** All budgets of a client. */
export class Budgets {
  readonly #input: BudgetsInput;
  readonly #budgets: readonly Budget[];
  /** What the processes of one store know of each other's spending. */
  readonly sharing: BudgetSharing;
  readonly #hasKeys: boolean;
  /** The budgets of runs, as long as their calls hold them. */
  readonly #ofRuns = new WeakMap<SpendLimit, Budget>();
  /** The reservations of attempts in flight, the oldest first. */
  readonly #open = new InFlight<Reservation>();

  constructor(input: BudgetsInput) {
    this.#input = input;
    const nowMs = input.clock.now();
    this.#budgets = input.policies.map((policy) => new Budget(policy, nowMs, input.calendar));
    this.sharing = new BudgetSharing(this.#budgets, input.clock);
    this.#hasKeys = input.policies.some(({ scope }) => scope === 'key');
  }

  /**
   * Reserves the estimated cost of an attempt in all budgets, or in no budget if one refuses.
   *
   * @returns the reservation, or the budget that refuses; `undefined` without any budget
   */
  reserve(
    call: Call,
    upstream: string,
    body: unknown,
    nowMs = this.#input.clock.now(),
  ): Reservation | Budget | undefined {
    const { estimateCostUsd } = this.#input;
    const budgets = this.#budgetsFor(call, nowMs);
    if (budgets.length === 0) return undefined;
    this.#settleOldest(nowMs);
    // An attempt without a known price reserves 0, and is refused only by an exhausted budget.
    const estimateUsd = estimateCostUsd(upstream, call, body) ?? 0;
    // What is free is never refused, not even by a spent budget.
    const free = isFree(call);
    const spender = this.#spenderOf(call, upstream);
    const accounts = budgets.map((budget) => budget.accountOf(spender, nowMs, true));
    for (let index = 0; index < accounts.length; index += 1) {
      const budget = budgets[index]!; // both lists have the same length
      const account = accounts[index];
      if (free || !account || !budget.policy.rejects || budget.fits(account, estimateUsd)) continue;
      this.#report(budget, account, upstream, true);
      return budget;
    }
    for (const account of accounts) account?.reserve(estimateUsd);
    const reservation = new Reservation(this, { budgets, accounts, upstream, estimateUsd, madeAtMs: nowMs });
    reservation.entry = this.#open.begin(reservation);
    return reservation;
  }

  /** The budget that is exhausted for a call on an upstream. */
  exhausted(call: Call, upstream: string, nowMs: number): Budget | undefined {
    if (isFree(call)) return undefined;
    for (const budget of this.#budgetsFor(call, nowMs)) {
      if (!budget.policy.rejects || !budget.hasExhausted(nowMs)) continue;
      if (budget.accountOf(this.#spenderOf(call, upstream), nowMs, false)?.isExhausted) return budget;
    }
    return undefined;
  }

  /** The budget that would refuse an attempt. Nothing is reserved. */
  refusing(call: Call, upstream: string, body: unknown): Budget | undefined {
    if (isFree(call)) return undefined;
    const spender = this.#spenderOf(call, upstream);
    const nowMs = this.#input.clock.now();
    // The cost is estimated only if a budget covers the call.
    let estimateUsd: number | undefined;
    for (const budget of this.#budgetsFor(call, nowMs)) {
      if (!budget.policy.rejects) continue;
      const account = budget.accountOf(spender, nowMs, false);
      if (!account) continue;
      estimateUsd ??= this.#input.estimateCostUsd(upstream, call, body) ?? 0;
      if (!budget.fits(account, estimateUsd)) return budget;
    }
    return undefined;
  }

  /** Settles an attempt at its cost. An unknown cost counts as estimated, or as 0 if the upstream rejected the attempt before any work. */
  settle(
    reservation: Reservation,
    { cost, delivery }: Pick<AttemptRecord, 'cost' | 'delivery'>,
    nowMs = this.#input.clock.now(),
  ): void {
    const { estimateUsd, budgets, accounts, upstream } = reservation;
    this.#close(reservation);
    // A call without a known price has no estimate, and a cached answer no cost.
    if (cost.costUsd !== null && estimateUsd > 0 && cost.source !== 'cached')
      this.#input.onSettled?.(upstream, estimateUsd, cost.costUsd);
    const costUsd = cost.costUsd ?? (delivery === 'rejected' ? 0 : estimateUsd);
    for (let index = 0; index < accounts.length; index += 1) {
      const budget = budgets[index]!; // both lists have the same length
      const account = accounts[index];
      if (!account) continue;
      budget.settle(account, estimateUsd, costUsd, nowMs);
      this.#report(budget, account, upstream, false);
    }
  }

  /** Releases a reservation whose attempt was not made. */
  cancel(reservation: Reservation): void {
    this.#close(reservation);
    for (const account of reservation.accounts) account?.settle(reservation.estimateUsd, 0);
  }

  snapshot(nowMs: number): readonly BudgetSnapshot[] {
    return this.#budgets.flatMap((budget) => {
      const { per } = budget.policy;
      return per === 'run' ? [] : [{ ...budget.snapshot(nowMs), per }];
    });
  }

  /** Whether a call should wait for the store, because a limit has room for it and this process's own part of it has not. */
  waitsForSlice(call: Call, upstreams: readonly string[], body: unknown): boolean {
    if (isFree(call)) return false;
    const nowMs = this.#input.clock.now();
    let waits = false;
    for (const budget of this.#budgets) {
      if (!budget.isShared) continue;
      for (const upstream of budget.policy.scope === 'upstream' ? upstreams : upstreams.slice(0, 1)) {
        const account = budget.accountOf(this.#spenderOf(call, upstream), nowMs, true);
        if (!account?.slice) continue;
        const named = budget.policy.scope === 'upstream' ? [upstream] : upstreams;
        const estimateUsd = Math.max(...named.map((name) => this.#input.estimateCostUsd(name, call, body) ?? 0));
        waits = budget.waitsForSlice(account, estimateUsd) || waits;
      }
    }
    return waits;
  }

  /** Whether a budget refuses calls, so that a restart must not forget what was spent. */
  get rejects(): boolean {
    return this.#budgets.some(({ policy }) => policy.rejects);
  }

  /** The budgets of the client, and those of the runs around the call. */
  #budgetsFor({ spendLimits }: Call, nowMs: number): readonly Budget[] {
    if (!spendLimits) return this.#budgets;
    const ofRuns = spendLimits.map((limit) => {
      const known = this.#ofRuns.get(limit);
      if (known) return known;
      const budget = new Budget({ ...RUN_POLICY, limitUsd: limit.limitUsd }, nowMs);
      this.#ofRuns.set(limit, budget);
      return budget;
    });
    return [...this.#budgets, ...ofRuns];
  }

  #settleOldest(nowMs: number): void {
    for (
      let { oldest } = this.#open;
      oldest && nowMs - oldest.madeAtMs >= MAX_RESERVATION_MS;
      { oldest } = this.#open
    ) {
      oldest.settle({ cost: UNKNOWN_COST, delivery: 'ambiguous' });
    }
  }

  #close(reservation: Reservation): void {
    if (reservation.entry) this.#open.end(reservation.entry);
    reservation.entry = undefined;
  }

  #spenderOf({ key, keySource }: Call, upstream: string): Spender {
    // A conversation id only keeps a call on its upstream; it does not identify a user or tenant.
    const hasKey = this.#hasKeys && key !== undefined && keySource !== 'conversation';
    return { upstream, key: hasKey ? this.#input.shortKey(key) : undefined };
  }

  /** Emits an event for each share of the limit that is newly reached. */
  #report(budget: Budget, account: BudgetAccount, upstream: string, isRefusing: boolean): void {
    const { name, per, scope, limitUsd } = budget.policy;
    if (per === 'run') return;
    for (let share = account.nextShare(isRefusing); share !== undefined; share = account.nextShare(isRefusing)) {
      const atMs = this.#input.clock.now();
      const about = { name, per, scope, upstream: scope === 'upstream' ? upstream : undefined, share, limitUsd };
      const resetsAtMs = budget.periodAt(atMs).endMs;
      this.#input.onShare({ ...about, spentUsd: account.spentUsd, resetsAtMs, atMs });
    }
  }
}

const RUN_POLICY = { name: 'run', per: 'run', scope: 'all', only: undefined, rejects: true } as const;
