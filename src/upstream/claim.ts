/** What the caller wants of a response: its parsed body, or the raw `Response`. */

import type { CallLedger } from '../domain/attempt.ts';

/** The first wish counts: a body can be read once only. */
export type ClaimKind = 'parsed' | 'raw';

/**
 * Set by the first of `then`, `catch`, `finally`, `withResponse` (parsed) and `asResponse` (raw) that is called on the
 * promise of a call. A request leaves at once, also when nobody has claimed its answer yet.
 */
export class Claim {
  /** The call's ledger, from its dispatch on. */
  ledger: (() => CallLedger) | undefined;
  /** What the call is to rollouts, which know what it means; `undefined` where it is no evidence. */
  judged: unknown;

  #kind: ClaimKind | undefined;
  #waiting: Promise<ClaimKind> | undefined;
  #resolve: ((kind: ClaimKind) => void) | undefined;

  make(kind: ClaimKind): void {
    if (this.#kind) return;
    this.#kind = kind;
    this.#resolve?.(kind);
  }

  /** The claim, once there is one. */
  made(): ClaimKind | Promise<ClaimKind> {
    if (this.#kind) return this.#kind;
    this.#waiting ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#waiting;
  }
}
