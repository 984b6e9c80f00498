/** What the caller wants of a response: its parsed body, or the raw `Response`. */

import type { CallLedger } from '../domain/attempt.ts';

/** No wish was made, and nobody is left who could make one. */
export type Abandoned = 'dropped';

/** The first wish counts: a body can be read once only. */
export type ResponseKind = 'parsed' | 'raw';

/**
 * Set by the first of `then`, `catch`, `finally`, `withResponse` (parsed) and `asResponse` (raw) that is called on the
 * promise of a call. A request leaves at once, also when nobody has claimed its answer yet.
 */
export class ResponseMode {
  /** Has the call's ledger, from its dispatch on. */
  ledger: { readonly ledger: CallLedger } | undefined;
  /** What the call is to rollouts, which know what it means; `undefined` where it is no evidence. */
  judged: unknown;

  #kind: ResponseKind | Abandoned | undefined;
  #waiting: Promise<ResponseKind | Abandoned> | undefined;
  #resolve: ((kind: ResponseKind | Abandoned) => void) | undefined;
  /** Held until the claim is asked for: the finalization of each call's would cost more than most of them are worth. */
  #claimant: Chooser | undefined;

  /** `owner` alone can make the claim; where it is forgotten before, nobody will hear what becomes of `answer`. */
  chosenBy(owner: object, answer: Promise<unknown>): void {
    this.#claimant = { owner, answer };
  }

  choose(kind: ResponseKind): void {
    if (this.#waiting && !this.#kind) CHOOSERS.unregister(this);
    this.#claimant = undefined;
    this.#decide(kind);
  }

  /** The claim, once there is one. */
  chosen(): ResponseKind | Abandoned | Promise<ResponseKind | Abandoned> {
    if (this.#kind) return this.#kind;
    if (this.#claimant) {
      const { owner, answer } = this.#claimant;
      CHOOSERS.register(owner, { mode: this, answer }, this);
      this.#claimant = undefined;
    }
    this.#waiting ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#waiting;
  }

  /** Nobody can make it any more. */
  abandon(): void {
    this.#decide('dropped');
  }

  #decide(kind: ResponseKind | Abandoned): void {
    if (this.#kind) return;
    this.#kind = kind;
    this.#resolve?.(kind);
  }
}

interface Chooser {
  readonly owner: object;
  readonly answer: Promise<unknown>;
}

/** What is kept of a claimant that has gone. */
interface AbandonedMode {
  readonly mode: ResponseMode;
  readonly answer: Promise<unknown>;
}

const CHOOSERS = new FinalizationRegistry<AbandonedMode>(({ mode, answer }) => {
  // Nobody is there to hear that it failed.
  answer.catch(() => undefined);
  mode.abandon();
});
