/** Money held in budgets for one attempt. */

import type { AttemptRecord } from '../domain/attempt.ts';
import type { Place } from '../domain/in-flight.ts';
import type { BudgetAccount } from './budget-account.ts';

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
  place: Place<Reservation> | undefined;
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
