/** Reserves what an attempt may cost before it is made, in every budget that it draws on, and settles it afterwards. */

import type { AttemptRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { BudgetEvent } from '../domain/events.ts';
import { type InFlightEntry, InFlight } from '../domain/in-flight.ts';
import type { BudgetSnapshot } from '../domain/usage.ts';
import { UNKNOWN_COST } from '../pricing/cost.ts';
import type { Clock } from '../time/clock.ts';
import { Budget, type BudgetAccount, type BudgetPolicy, type Spender } from './budget.ts';

export interface BudgetsInput {
  readonly policies: readonly BudgetPolicy[];
  readonly clock: Clock;
  /** What a call would cost on an upstream, in USD; `undefined` where no price is known. */
  readonly estimateCostUsd: (upstream: string, call: Call, body: unknown) => number | undefined;
  /** What budgets know a key by, which may be of any length. */
  readonly shortKey: (key: string) => string;
  /** Must not throw. */
  readonly onShare: (event: BudgetEvent) => void;
}

/** An attempt that has not ended after an hour is paid as estimated: nobody reads its answer, and its money would be held for ever. */
const LONGEST_MS = 3_600_000;

export class Budgets {
  readonly #input: BudgetsInput;
  readonly #budgets: readonly Budget[];
  readonly #hasKeys: boolean;
  /** For attempts under way, the oldest first. */
  readonly #open = new InFlight<Reservation>();

  constructor(input: BudgetsInput) {
    this.#input = input;
    const nowMs = input.clock.now();
    this.#budgets = input.policies.map((policy) => new Budget(policy, nowMs));
    this.#hasKeys = input.policies.some(({ scope }) => scope === 'key');
  }

  /** What an attempt may cost, held in all budgets or in none; the budget that refuses it, where one does. */
  reserve(call: Call, upstream: string, body: unknown, nowMs = this.#input.clock.now()): Reservation | Budget {
    const { estimateCostUsd } = this.#input;
    this.#settleOldest(nowMs);
    // What has no known price is held by nothing, and refused only where all is spent.
    const estimateUsd = estimateCostUsd(upstream, call, body) ?? 0;
    const spender = this.#spenderOf(call, upstream);
    const drawn = this.#budgets.map((budget) => budget.accountOf(spender, nowMs, true));
    for (let index = 0; index < drawn.length; index += 1) {
      const budget = this.#budgets[index]!; // as many
      const account = drawn[index];
      if (!account || !budget.policy.rejects || account.fits(estimateUsd)) continue;
      this.#tell(budget, account, upstream, true);
      return budget;
    }
    for (const account of drawn) account?.reserve(estimateUsd);
    const reservation = new Reservation(this, { drawn, upstream, estimateUsd, madeAtMs: nowMs });
    reservation.place = this.#open.begin(reservation);
    return reservation;
  }

  /** The budget of which a call has nothing left on an upstream. */
  exhausted(call: Call, upstream: string, nowMs: number): Budget | undefined {
    for (const budget of this.#budgets) {
      if (!budget.policy.rejects || !budget.hasExhausted(nowMs)) continue;
      if (budget.accountOf(this.#spenderOf(call, upstream), nowMs, false)?.isExhausted) return budget;
    }
    return undefined;
  }

  /** The budget that refuses an attempt. Nothing is held. */
  refusing(call: Call, upstream: string, body: unknown): Budget | undefined {
    const spender = this.#spenderOf(call, upstream);
    const nowMs = this.#input.clock.now();
    // Estimated only where a budget is for the call.
    let estimateUsd: number | undefined;
    for (const budget of this.#budgets) {
      if (!budget.policy.rejects) continue;
      const account = budget.accountOf(spender, nowMs, false);
      if (!account) continue;
      estimateUsd ??= this.#input.estimateCostUsd(upstream, call, body) ?? 0;
      if (!account.fits(estimateUsd)) return budget;
    }
    return undefined;
  }

  /** The attempt has cost so much, or nobody knows how much: then the estimate stands, unless it was refused before any work. */
  settle(
    reservation: Reservation,
    { cost, delivery }: Pick<AttemptRecord, 'cost' | 'delivery'>,
    nowMs = this.#input.clock.now(),
  ): void {
    const { estimateUsd, drawn, upstream } = reservation;
    this.#close(reservation);
    const costUsd = cost.costUsd ?? (delivery === 'rejected' ? 0 : estimateUsd);
    for (let index = 0; index < drawn.length; index += 1) {
      const budget = this.#budgets[index]!; // as many
      const account = drawn[index];
      if (!account) continue;
      budget.settle(account, estimateUsd, costUsd, nowMs);
      this.#tell(budget, account, upstream, false);
    }
  }

  /** The attempt was not made. */
  cancel(reservation: Reservation): void {
    this.#close(reservation);
    for (const account of reservation.drawn) account?.settle(reservation.estimateUsd, 0);
  }

  snapshot(nowMs: number): readonly BudgetSnapshot[] {
    return this.#budgets.map((budget) => budget.snapshot(nowMs));
  }

  #settleOldest(nowMs: number): void {
    for (let { oldest } = this.#open; oldest && nowMs - oldest.madeAtMs >= LONGEST_MS; { oldest } = this.#open) {
      oldest.settle({ cost: UNKNOWN_COST, delivery: 'ambiguous' });
    }
  }

  #close(reservation: Reservation): void {
    if (reservation.place) this.#open.end(reservation.place);
    reservation.place = undefined;
  }

  #spenderOf({ key, keySource }: Call, upstream: string): Spender {
    // A conversation keeps its upstream; it is nobody who spends.
    const isNamed = this.#hasKeys && key !== undefined && keySource !== 'conversation';
    return { upstream, key: isNamed ? this.#input.shortKey(key) : undefined };
  }

  #tell(budget: Budget, account: BudgetAccount, upstream: string, isRefusing: boolean): void {
    const { name, per, scope, limitUsd } = budget.policy;
    for (let share = account.nextShare(isRefusing); share !== undefined; share = account.nextShare(isRefusing)) {
      const atMs = this.#input.clock.now();
      const about = { name, per, scope, upstream: scope === 'upstream' ? upstream : undefined, share, limitUsd };
      const resetsAtMs = budget.periodAt(atMs).endMs;
      this.#input.onShare({ ...about, spentUsd: account.spentUsd, resetsAtMs, atMs });
    }
  }
}

/* PART: Money held in budgets for one attempt. */

/** The amounts that an attempt draws on, in the order of the budgets; `undefined` for a budget that is not for it. */
export type Drawn = readonly (BudgetAccount | undefined)[];

/** Who keeps the budgets. */
export interface ReservationOwner {
  settle(reservation: Reservation, record: Pick<AttemptRecord, 'cost' | 'delivery'>, atMs: number | undefined): void;
  cancel(reservation: Reservation): void;
}

/** What is held for an attempt, and since when. */
type Held = Pick<Reservation, 'drawn' | 'upstream' | 'estimateUsd' | 'madeAtMs'>;

/** Is settled exactly once: what comes after the first `settle()` or `cancel()` does nothing. */
export class Reservation {
  readonly drawn: Drawn;
  readonly upstream: string;
  readonly estimateUsd: number;
  readonly madeAtMs: number;
  /** Among all that are held. */
  place: InFlightEntry<Reservation> | undefined;
  readonly #budgets: ReservationOwner;
  #isOpen = true;

  constructor(budgets: ReservationOwner, { drawn, upstream, estimateUsd, madeAtMs }: Held) {
    this.#budgets = budgets;
    this.drawn = drawn;
    this.upstream = upstream;
    this.estimateUsd = estimateUsd;
    this.madeAtMs = madeAtMs;
  }

  /** At `atMs`, or now. */
  settle(record: Pick<AttemptRecord, 'cost' | 'delivery'>, atMs?: number): void {
    if (this.#close()) this.#budgets.settle(this, record, atMs);
  }

  /** The attempt was not made. */
  cancel(): void {
    if (this.#close()) this.#budgets.cancel(this);
  }

  #close(): boolean {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    return wasOpen;
  }
}
