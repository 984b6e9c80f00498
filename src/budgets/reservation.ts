/** Money that is reserved for one attempt. */

import type { AttemptRecord } from '../domain/attempt.ts';
import type { InFlightEntry } from '../domain/in-flight.ts';
import type { BudgetAccount } from './account.ts';
import type { Budget } from './budget.ts';

/** Keeps reservations, and takes the money back. */
export interface ReservationOwner {
  settle(reservation: Reservation, record: Pick<AttemptRecord, 'cost' | 'delivery'>, atMs?: number): void;
  cancel(reservation: Reservation): void;
}

type ReservationFields = Pick<Reservation, 'budgets' | 'accounts' | 'upstream' | 'estimateUsd' | 'madeAtMs'>;

/** Money reserved for one attempt. Only the first `settle()` or `cancel()` has an effect. */
export class Reservation {
  readonly budgets: readonly Budget[];
  /** The accounts that pay, in the order of the budgets; `undefined` for a budget that does not cover the call. */
  readonly accounts: readonly (BudgetAccount | undefined)[];
  readonly upstream: string;
  readonly estimateUsd: number;
  readonly madeAtMs: number;
  /** The entry among the open reservations. */
  entry: InFlightEntry<Reservation> | undefined;
  readonly #owner: ReservationOwner;
  #isOpen = true;

  constructor(owner: ReservationOwner, { budgets, accounts, upstream, estimateUsd, madeAtMs }: ReservationFields) {
    this.#owner = owner;
    this.budgets = budgets;
    this.accounts = accounts;
    this.upstream = upstream;
    this.estimateUsd = estimateUsd;
    this.madeAtMs = madeAtMs;
  }

  /** @default atMs now */
  settle(record: Pick<AttemptRecord, 'cost' | 'delivery'>, atMs?: number): void {
    if (this.#close()) this.#owner.settle(this, record, atMs);
  }

  /** Releases the money: the attempt was not made. */
  cancel(): void {
    if (this.#close()) this.#owner.cancel(this);
  }

  #close(): boolean {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    return wasOpen;
  }
}
