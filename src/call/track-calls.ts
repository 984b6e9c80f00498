/** Which calls a function makes: known by the async context that they are made in. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { AttemptRecord } from '../domain/attempt.ts';
import { totalCostUsd } from './call-record.ts';
import type { ResponseMode } from '../upstream/response-mode.ts';

/** The calls of one function. */
export class CallTracker {
  readonly #claims: ResponseMode[] = [];

  add(mode: ResponseMode): void {
    this.#claims.push(mode);
  }

  /** Attempts that have ended, call by call. */
  get attempts(): readonly AttemptRecord[] {
    return this.#claims.flatMap(({ ledger: account }) => account?.ledger.attempts ?? []);
  }

  /** The upstream that served last, or failed last where none served. */
  get upstream(): string | undefined {
    const { attempts } = this;
    return (attempts.findLast(({ outcome }) => outcome === 'success') ?? attempts.at(-1))?.upstream;
  }

  /** USD; `null` where no cost is known. */
  get costUsd(): number | null {
    return totalCostUsd(this.attempts);
  }
}

/** The tallies that are being taken. Calls ask only once there has been one. */
export class CallTrackers {
  #storage: AsyncLocalStorage<CallTracker> | undefined;

  /** Runs `callback`, and has `tally` know of all calls that it makes. */
  take<T>(tracker: CallTracker, callback: () => T): T {
    this.#storage ??= new AsyncLocalStorage();
    return this.#storage.run(tracker, callback);
  }

  /** Takes note of a call, in the context that it is made in. */
  add(mode: ResponseMode): void {
    this.#storage?.getStore()?.add(mode);
  }
}
