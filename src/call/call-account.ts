/** The attempts of one call that have ended. Whoever keeps its promise or its stream keeps this, and nothing else of the call. */

import type { AttemptRecord, CallLedger } from '../domain/attempt.ts';

export class CallAccount {
  readonly #callId: number;
  #attempts: AttemptRecord[] | undefined;
  /** Copies of the call; they are no attempts of its own. */
  #shadows: AttemptRecord[] | undefined;

  constructor(callId: number) {
    this.#callId = callId;
  }

  get ledger(): CallLedger {
    return { callId: this.#callId, attempts: [...this.attempts, ...(this.#shadows ?? [])] };
  }

  get attempts(): readonly AttemptRecord[] {
    return this.#attempts ?? NONE;
  }

  add(record: AttemptRecord): void {
    // Most calls have one: a list that grows has room for seventeen at once.
    if (this.#attempts) this.#attempts.push(record);
    else this.#attempts = [record];
  }

  addShadow(record: AttemptRecord): void {
    (this.#shadows ??= []).push(record);
  }
}

const NONE: readonly AttemptRecord[] = [];
