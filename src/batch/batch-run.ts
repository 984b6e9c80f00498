/** Runs the calls of a batch with bounded concurrency and read-ahead, yields results in order, and reports progress. */

import { formatValue } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { isThenable } from '../domain/json.ts';
import type { Clock } from '../time/clock.ts';
import type { BatchCall, BatchOptions, BatchProgress, BatchResult } from './options.ts';

/** Bound for unread results and running calls together, as a multiple of the concurrency. */
const READ_AHEAD_FACTOR = 4;

/** The source of the calls, read lazily. */
export type BatchCalls<T> = Iterable<BatchCall<T>> | AsyncIterable<BatchCall<T>>;

/** What a run needs in addition to the calls. */
export interface BatchRunInput<T> extends Pick<BatchOptions, 'signal' | 'stopOnError'> {
  readonly concurrency: number;
  readonly meter: BatchMeter;
  /** Makes one call; never rejects. */
  readonly make: (call: BatchCall<T>, index: number, controller: AbortController) => Promise<BatchResult<T>>;
}

/** One run over the calls of a batch. */
export class BatchRun<T> {
  readonly #input: BatchRunInput<T>;
  readonly #source: Iterator<BatchCall<T>> | AsyncIterator<BatchCall<T>>;
  /** Unread results, in order. */
  readonly #unread: Promise<BatchResult<T>>[] = [];
  readonly #running = new Set<AbortController>();
  #started = 0;
  #isPulling = false;
  /** No further call is started. */
  #isOver = false;
  /** The error that the source of the calls threw. */
  #sourceError: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(calls: BatchCalls<T>, input: BatchRunInput<T>) {
    this.#input = input;
    this.#source = Symbol.asyncIterator in calls ? calls[Symbol.asyncIterator]() : calls[Symbol.iterator]();
  }

  async *results(): AsyncGenerator<BatchResult<T>, void, undefined> {
    const { signal } = this.#input;
    const onAbort = (): void => this.#abort();
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) this.#isOver = true;
    try {
      for (;;) {
        const next = this.#unread.shift();
        void this.#pull();
        if (next) yield await next;
        else if (this.#isOver) break;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (this.#sourceError) throw this.#sourceError.error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#abort();
      void this.#closeSource();
    }
  }

  /** Starts as many calls as the bounds allow. */
  async #pull(): Promise<void> {
    if (this.#isPulling) return;
    this.#isPulling = true;
    try {
      while (this.#hasRoom) {
        const { done, value } = await this.#source.next();
        if (done) this.#isOver = true;
        // The run may have ended while the source was read: that call is not started.
        if (this.#isOver) break;
        this.#start(value as BatchCall<T>);
      }
    } catch (error) {
      this.#isOver = true;
      this.#sourceError = { error };
    } finally {
      this.#isPulling = false;
      this.#wake();
    }
  }

  get #hasRoom(): boolean {
    const { concurrency } = this.#input;
    return !this.#isOver && this.#running.size < concurrency && this.#unread.length < concurrency * READ_AHEAD_FACTOR;
  }

  #start(call: BatchCall<T>): void {
    const index = this.#started;
    if (typeof call !== 'function') {
      throw new ConfigError(`calls[${index}]`, `should be a function that makes the call, got ${formatValue(call)}`);
    }
    this.#started += 1;
    const controller = new AbortController();
    this.#running.add(controller);
    this.#unread.push(this.#run(call, index, controller));
    this.#wake();
  }

  async #run(call: BatchCall<T>, index: number, controller: AbortController): Promise<BatchResult<T>> {
    const { make, meter, stopOnError } = this.#input;
    const result = await make(call, index, controller);
    this.#running.delete(controller);
    if (!result.ok && stopOnError) this.#isOver = true;
    meter.ended(result, this.#running.size);
    void this.#pull();
    return result;
  }

  #abort(): void {
    this.#isOver = true;
    for (const controller of this.#running) controller.abort();
    this.#wake();
  }

  /** Called without await, since the source may be blocked forever. */
  async #closeSource(): Promise<void> {
    try {
      await this.#source.return?.();
    } catch {
      // The results are complete; an error on closing the source does not matter.
    }
  }
}

/** Counts ended calls and reports progress to `onProgress`. */
export class BatchMeter {
  readonly #onProgress: BatchOptions['onProgress'];
  readonly #onError: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #total: number | undefined;
  readonly #startedAtMs: number;
  #done = 0;
  #failures = 0;
  #costUsd = 0;

  /** `onError` receives what `onProgress` throws. */
  constructor(
    { onProgress, total }: BatchOptions,
    { clock, onError }: { readonly clock: Clock; readonly onError: (error: unknown) => void },
  ) {
    this.#onProgress = onProgress;
    this.#onError = onError;
    this.#clock = clock;
    this.#total = total;
    this.#startedAtMs = clock.now();
  }

  ended({ ok, costUsd }: BatchResult<unknown>, running: number): void {
    this.#done += 1;
    if (!ok) this.#failures += 1;
    this.#costUsd += costUsd ?? 0;
    try {
      const returned = this.#onProgress?.(this.#progress(running));
      if (isThenable(returned)) Promise.resolve(returned).catch(this.#onError);
    } catch (error) {
      this.#onError(error);
    }
  }

  #progress(running: number): BatchProgress {
    const elapsedMs = this.#clock.now() - this.#startedAtMs;
    const callsPerMs = elapsedMs > 0 ? this.#done / elapsedMs : 0;
    const left = this.#total === undefined ? undefined : Math.max(0, this.#total - this.#done);
    return {
      done: this.#done,
      failed: this.#failures,
      running,
      total: this.#total,
      elapsedMs,
      callsPerSecond: callsPerMs * 1_000,
      remainingMs: left === undefined || (left > 0 && callsPerMs === 0) ? undefined : left && left / callsPerMs,
      costUsd: this.#costUsd,
    };
  }
}
