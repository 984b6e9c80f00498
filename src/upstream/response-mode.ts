/** How the caller consumes a response: as its parsed body, or as the raw `Response`. */

import type { CallLedger } from '../domain/attempt.ts';

/** The caller dropped the promise without reading it. */
export type Abandoned = 'dropped';

/** The first choice counts, since a body can be read only once. */
export type ResponseKind = 'parsed' | 'raw';

/**
 * Set by the first of `then`, `catch`, `finally`, `withResponse` (parsed) and `asResponse` (raw) that is called on the
 * promise of a call. The request is sent at once, even before the caller has chosen.
 */
export class ResponseMode {
  /** Holds the ledger of the call from its dispatch on. */
  ledger: { readonly ledger: CallLedger } | undefined;
  /** The sample of the call for rollouts, opaque here; `undefined` where the call is not evidence. */
  judged: unknown;

  #kind: ResponseKind | Abandoned | undefined;
  #waiting: Promise<ResponseKind | Abandoned> | undefined;
  #resolve: ((kind: ResponseKind | Abandoned) => void) | undefined;
  /** Registered only when the mode is awaited: one finalizer for every call would cost more than most calls are worth. */
  #chooser: Chooser | undefined;

  /** Only `owner` can choose. If it is garbage-collected first, the mode becomes `'dropped'` and a rejection of `answer` is ignored. */
  chosenBy(owner: object, answer: Promise<unknown>): void {
    this.#chooser = { owner, answer };
  }

  choose(kind: ResponseKind): void {
    if (this.#waiting && !this.#kind) CHOOSERS.unregister(this);
    this.#chooser = undefined;
    this.#decide(kind);
  }

  /** The mode, as soon as it is chosen. */
  chosen(): ResponseKind | Abandoned | Promise<ResponseKind | Abandoned> {
    if (this.#kind) return this.#kind;
    if (this.#chooser) {
      const { owner, answer } = this.#chooser;
      CHOOSERS.register(owner, { mode: this, answer }, this);
      this.#chooser = undefined;
    }
    this.#waiting ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#waiting;
  }

  /** The caller can no longer choose. */
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

/** What outlives a garbage-collected chooser. */
interface AbandonedMode {
  readonly mode: ResponseMode;
  readonly answer: Promise<unknown>;
}

const CHOOSERS = new FinalizationRegistry<AbandonedMode>(({ mode, answer }) => {
  // Its rejection would otherwise be unhandled.
  answer.catch(() => undefined);
  mode.abandon();
});
