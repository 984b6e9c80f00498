/** The options, results and progress of a batch. */

/** A function that makes one call of a batch, or several: `() => ai.chat.completions.create(body)`. */
export type BatchCall<T> = (place: {
  /** The position of the call in the batch, from 0. */
  readonly index: number;
  /** Pass this as the call's `signal` option. It aborts with the batch, and when the reader of the batch stops early. */
  readonly signal: AbortSignal;
}) => T | PromiseLike<T>;

/** The options of `canary.batch()`. */
export interface BatchOptions {
  /** The maximum number of concurrent calls. @default 8 */
  readonly concurrency?: number | undefined;
  /** Called after each call ends. It may be async. If it throws or rejects, a `warning` is emitted once. */
  readonly onProgress?: ((progress: BatchProgress) => unknown) | undefined;
  /** Ends the batch: no further call starts, and running calls fail with `APIUserAbortError`. */
  readonly signal?: AbortSignal | null | undefined;
  /** Starts no further call after one has failed. Running calls continue. @default false */
  readonly stopOnError?: boolean | undefined;
  /** The number of calls, to estimate the time remaining for generators. @default the length of an array or the size of a set */
  readonly total?: number | undefined;
}

/** The result of one call of a batch. */
export type BatchResult<T> = BatchOutcome<T> & {
  /** The position of the call in the batch, from 0. */
  readonly index: number;
  /** The upstream that served the call, or that failed last; `undefined` if no request was sent. */
  readonly upstream: string | undefined;
  /** USD, summed over all ended attempts with a known cost; `null` without one. */
  readonly costUsd: number | null;
};

type BatchOutcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

/** The progress of a batch. */
export interface BatchProgress {
  /** Calls that have ended. */
  readonly done: number;
  /** How many of the ended calls failed. */
  readonly failed: number;
  /** Calls in flight. */
  readonly running: number;
  /** The number of calls; `undefined` if it is unknown. */
  readonly total: number | undefined;
  /** Time since the batch started, in ms. */
  readonly elapsedMs: number;
  /** Ended calls per second since the start. */
  readonly callsPerSecond: number;
  /** Estimated time to the end at that rate, in ms; `undefined` if the total is unknown. */
  readonly remainingMs: number | undefined;
  /** USD so far, summed over the known costs. */
  readonly costUsd: number;
}
