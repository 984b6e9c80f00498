/** Tracks which calls a function makes, by their async context. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { AttemptRecord } from '../domain/attempt.ts';
import type { ResponseMode } from '../upstream/response-mode.ts';
import { totalCostUsd } from './attempt-record.ts';

/** The calls of one function. */
export class CallTracker {
  readonly #modes: ResponseMode[] = [];

  add(mode: ResponseMode): void {
    this.#modes.push(mode);
  }

  /** Attempts that have ended, call by call. */
  get attempts(): readonly AttemptRecord[] {
    return this.#modes.flatMap(({ ledger }) => ledger?.ledger.attempts ?? []);
  }

  /** The upstream of the last success, or of the last attempt if all failed. */
  get upstream(): string | undefined {
    const { attempts } = this;
    return (attempts.findLast(({ outcome }) => outcome === 'success') ?? attempts.at(-1))?.upstream;
  }

  /** In USD; `null` if no cost is known. */
  get costUsd(): number | null {
    return totalCostUsd(this.attempts);
  }
}

/** The trackers in use. Calls look for one only after the first has been used. */
export class CallTrackers {
  #storage: AsyncLocalStorage<CallTracker> | undefined;

  /** Runs `callback`. `tracker` gets all calls that it makes. */
  take<T>(tracker: CallTracker, callback: () => T): T {
    this.#storage ??= new AsyncLocalStorage();
    return this.#storage.run(tracker, callback);
  }

  /** Adds a call to the tracker of the current async context, if there is one. */
  add(mode: ResponseMode): void {
    this.#storage?.getStore()?.add(mode);
  }
}
