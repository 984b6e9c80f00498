/** What the requests of a probe cost: in the ledger, and in the user's budgets. */

import { CallProgress } from '../call/call-record.ts';
import type { DispatchParts } from '../call/call-services.ts';
import { Reservation } from '../budgets/reservation.ts';
import type { Call } from '../domain/call.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';

/** The account of one upstream. */
export class ProbeAccount {
  readonly #upstream: string;
  readonly #parts: DispatchParts;
  /** By the id of the call, from before a request to its end. */
  readonly #held = new Map<number, Reservation>();

  constructor(upstream: string, parts: DispatchParts) {
    this.#upstream = upstream;
    this.#parts = parts;
  }

  estimateCostUsd(call: Call, body: unknown): number | undefined {
    return this.#parts.estimateCostUsd(this.#upstream, call, body);
  }

  /** The name of the budget that has no room for a request; lists of models cost nothing. */
  holdBudget(call: Call, body: unknown): string | undefined {
    if (call.surface === 'other') return undefined;
    const held = this.#parts.budgets?.reserve(call, this.#upstream, body);
    if (held === undefined) return undefined;
    if (!(held instanceof Reservation)) return held.policy.name;
    this.#held.set(call.id, held);
    return undefined;
  }

  /** In USD; `null` when it is unknown. */
  charge(call: Call, end: AttemptEnd): number | null {
    const { observer, pricing } = this.#parts;
    // Stable would not have served it: there is nothing to be saved.
    const priced: typeof pricing = (started, how, about) => ({ ...pricing(started, how, about), stableCostUsd: null });
    const progress = new CallProgress(call, this.#upstream, observer, priced);
    progress.end(progress.start(this.#upstream, 'probe', call.model, call.startedAtMs), end);
    const [record] = progress.account.attempts;
    if (record) this.#held.get(call.id)?.settle(record);
    this.#held.delete(call.id);
    return record?.cost.costUsd ?? null;
  }
}
