/** What the caller wants of a response: its parsed body, or the raw `Response`. */

import type { CallLedger } from '../domain/attempt.ts';

/** No wish was made, and nobody is left who could make one. */
export type Dropped = 'dropped';

/** The first wish counts: a body can be read once only. */
export type ClaimKind = 'parsed' | 'raw';

/**
 * Set by the first of `then`, `catch`, `finally`, `withResponse` (parsed) and `asResponse` (raw) that is called on the
 * promise of a call. A request leaves at once, also when nobody has claimed its answer yet.
 */
export class Claim {
  /** Has the call's ledger, from its dispatch on. */
  account: { readonly ledger: CallLedger } | undefined;
  /** What the call is to rollouts, which know what it means; `undefined` where it is no evidence. */
  judged: unknown;

  #kind: ClaimKind | Dropped | undefined;
  #waiting: Promise<ClaimKind | Dropped> | undefined;
  #resolve: ((kind: ClaimKind | Dropped) => void) | undefined;
  /** Held until the claim is asked for: the finalization of each call's would cost more than most of them are worth. */
  #claimant: Claimant | undefined;

  /** `owner` alone can make the claim; where it is forgotten before, nobody will hear what becomes of `answer`. */
  madeBy(owner: object, answer: Promise<unknown>): void {
    this.#claimant = { owner, answer };
  }

  make(kind: ClaimKind): void {
    if (this.#waiting && !this.#kind) CLAIMANTS.unregister(this);
    this.#claimant = undefined;
    this.#decide(kind);
  }

  /** The claim, once there is one. */
  made(): ClaimKind | Dropped | Promise<ClaimKind | Dropped> {
    if (this.#kind) return this.#kind;
    if (this.#claimant) {
      const { owner, answer } = this.#claimant;
      CLAIMANTS.register(owner, { claim: this, answer }, this);
      this.#claimant = undefined;
    }
    this.#waiting ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#waiting;
  }

  /** Nobody can make it any more. */
  drop(): void {
    this.#decide('dropped');
  }

  #decide(kind: ClaimKind | Dropped): void {
    if (this.#kind) return;
    this.#kind = kind;
    this.#resolve?.(kind);
  }
}

interface Claimant {
  readonly owner: object;
  readonly answer: Promise<unknown>;
}

/** What is kept of a claimant that has gone. */
interface Unclaimed {
  readonly claim: Claim;
  readonly answer: Promise<unknown>;
}

const CLAIMANTS = new FinalizationRegistry<Unclaimed>(({ claim, answer }) => {
  // Nobody is there to hear that it failed.
  answer.catch(() => undefined);
  claim.drop();
});
