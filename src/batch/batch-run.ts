/** Runs the calls of a batch: some at a time, a bounded number ahead of the reader, results in order. */

import { formatValue } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { isThenable } from '../domain/json.ts';
import type { Clock } from '../time/clock.ts';
import type { BatchCall, BatchOptions, BatchProgress, BatchResult } from './options.ts';

/** Results that wait for an earlier one or for the reader, and calls under way: so many times the concurrency at most. */
const AHEAD = 4;

/** Calls, as they come. */
export type BatchCalls<T> = Iterable<BatchCall<T>> | AsyncIterable<BatchCall<T>>;

/** What a run needs beside the calls. */
export interface BatchRunInput<T> extends Pick<BatchOptions, 'signal' | 'stopOnError'> {
  readonly concurrency: number;
  readonly meter: BatchMeter;
  /** Makes a call; never rejects. */
  readonly make: (call: BatchCall<T>, index: number, controller: AbortController) => Promise<BatchResult<T>>;
}

export class BatchRun<T> {
  readonly #input: BatchRunInput<T>;
  readonly #source: Iterator<BatchCall<T>> | AsyncIterator<BatchCall<T>>;
  /** The results that nobody has read, in order. */
  readonly #ahead: Promise<BatchResult<T>>[] = [];
  readonly #running = new Set<AbortController>();
  #begun = 0;
  #isPulling = false;
  /** No further call begins. */
  #isOver = false;
  /** What the source of the calls threw. */
  #broken: { readonly error: unknown } | undefined;
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
        const next = this.#ahead.shift();
        void this.#pull();
        if (next) yield await next;
        else if (this.#isOver) break;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (this.#broken) throw this.#broken.error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#abort();
      void this.#leave();
    }
  }

  /** Begins as many calls as may be. */
  async #pull(): Promise<void> {
    if (this.#isPulling) return;
    this.#isPulling = true;
    try {
      while (this.#hasRoom) {
        const { done, value } = await this.#source.next();
        if (done) this.#isOver = true;
        // What is drawn after the end is not begun.
        if (this.#isOver) break;
        this.#begin(value as BatchCall<T>);
      }
    } catch (error) {
      this.#isOver = true;
      this.#broken = { error };
    } finally {
      this.#isPulling = false;
      this.#wake();
    }
  }

  get #hasRoom(): boolean {
    const { concurrency } = this.#input;
    return !this.#isOver && this.#running.size < concurrency && this.#ahead.length < concurrency * AHEAD;
  }

  #begin(call: BatchCall<T>): void {
    const index = this.#begun;
    if (typeof call !== 'function') {
      throw new ConfigError(`calls[${index}]`, `should be a function that makes the call, got ${formatValue(call)}`);
    }
    this.#begun += 1;
    const controller = new AbortController();
    this.#running.add(controller);
    this.#ahead.push(this.#run(call, index, controller));
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

  /** The source may be waiting for what never comes: it is not waited for. */
  async #leave(): Promise<void> {
    try {
      await this.#source.return?.();
    } catch {
      // The results are whole without it.
    }
  }
}

/** Says how far a batch is, to whoever wants to know. */
export class BatchMeter {
  readonly #onProgress: BatchOptions['onProgress'];
  readonly #failed: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #total: number | undefined;
  readonly #startedAtMs: number;
  #done = 0;
  #failures = 0;
  #costUsd = 0;

  /** `failed` is told of what `onProgress` throws. */
  constructor(
    { onProgress, total }: BatchOptions,
    { clock, failed }: { readonly clock: Clock; readonly failed: (error: unknown) => void },
  ) {
    this.#onProgress = onProgress;
    this.#failed = failed;
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
      if (isThenable(returned)) Promise.resolve(returned).catch(this.#failed);
    } catch (error) {
      this.#failed(error);
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
