/** What a user writes about a batch, and gets from it. No logic. */

/** Makes one call of a batch, or several: `() => ai.chat.completions.create(body)`. */
export type BatchCall<T> = (place: {
  /** Its place among the calls, from 0. */
  readonly index: number;
  /** Aborted with the batch, and when its reader leaves early: for the call's `signal` option. */
  readonly signal: AbortSignal;
}) => T | PromiseLike<T>;

/** How a batch is run. */
export interface BatchOptions {
  /** Calls under way at a time, at most. @default 8 */
  readonly concurrency?: number | undefined;
  /** Told after each call. It may be async; what it throws is reported once as `warning`. */
  readonly onProgress?: ((progress: BatchProgress) => unknown) | undefined;
  /** Ends the batch: no further call begins, and those under way count as failed with `APIUserAbortError`. */
  readonly signal?: AbortSignal | null | undefined;
  /** No further call begins after one has failed; those under way end as they may. @default false */
  readonly stopOnError?: boolean | undefined;
  /** How many calls there are, where that cannot be seen: for the time remaining. @default the length of a list, the size of a set */
  readonly total?: number | undefined;
}

/** What came of one call of a batch. */
export type BatchResult<T> = BatchOutcome<T> & {
  /** Its place among the calls, from 0. */
  readonly index: number;
  /** The upstream that served it, or failed last; `undefined` where none was asked. */
  readonly upstream: string | undefined;
  /** USD, over all attempts that had ended and whose cost is known; `null` without any. */
  readonly costUsd: number | null;
};

type BatchOutcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

/** How far a batch is. */
export interface BatchProgress {
  /** Calls that have ended, and how many of them failed. */
  readonly done: number;
  readonly failed: number;
  readonly running: number;
  /** `undefined` where nobody knows. */
  readonly total: number | undefined;
  readonly elapsedMs: number;
  /** Calls a second, from the beginning on. */
  readonly callsPerSecond: number;
  /** At that pace; `undefined` where the total is not known. */
  readonly remainingMs: number | undefined;
  /** USD so far, over the costs that are known. */
  readonly costUsd: number;
}
