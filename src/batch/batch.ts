/** Many calls, some at a time, under the limits and budgets of the client. */

import { APIUserAbortError } from 'openai';
import { type BatchCalls, BatchMeter, BatchRun } from './batch-run.ts';
import type { BatchCall, BatchOptions, BatchResult } from './options.ts';
import { CallTracker, type CallTrackers } from '../call/track-calls.ts';
import { checkFunction, checkKeys, checkNumber } from '../domain/check.ts';
import { RateLimitedError } from '../domain/errors.ts';
import { sleep } from '../time/wait.ts';
import { errorName, type Warnings } from '../events/warnings.ts';
import type { Clock } from '../time/clock.ts';

/** The waits for a place that is not known to come at a certain time, in ms. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/**
 * A batch, which begins when it is awaited or iterated: awaited it gives all results, iterated one after the other while it holds a bounded
 * number of them. Both give them in the order of the calls.
 */
export class Batch<T> implements PromiseLike<BatchResult<T>[]>, AsyncIterable<BatchResult<T>> {
  readonly #run: () => BatchRun<T>;
  #results: AsyncGenerator<BatchResult<T>, void, undefined> | undefined;
  #all: Promise<BatchResult<T>[]> | undefined;

  constructor(run: () => BatchRun<T>) {
    this.#run = run;
  }

  // oxlint-disable-next-line unicorn/no-thenable
  then<Fulfilled = BatchResult<T>[], Rejected = never>(
    onFulfilled?: ((results: BatchResult<T>[]) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#all ??= Array.fromAsync(this[Symbol.asyncIterator]());
    return this.#all.then(onFulfilled, onRejected);
  }

  /** A second reader goes on where the first one is. */
  [Symbol.asyncIterator](): AsyncGenerator<BatchResult<T>, void, undefined> {
    this.#results ??= this.#run().results();
    return this.#results;
  }
}

/** What a batch needs of the client. */
export interface BatchServices {
  readonly clock: Clock;
  readonly warnings: Warnings;
  readonly trackers: CallTrackers;
}

/** @throws ConfigError for options that cannot be right */
export function startBatch<T>(services: BatchServices, calls: BatchCalls<T>, options: BatchOptions = {}): Batch<T> {
  checkKeys('batch', options, ['concurrency', 'onProgress', 'signal', 'stopOnError', 'total']);
  const { concurrency = 8, signal, stopOnError } = options;
  checkNumber('batch.concurrency', concurrency, { min: 1, integer: true });
  checkFunction('batch.onProgress', options.onProgress);
  if (options.total !== undefined) checkNumber('batch.total', options.total, { min: 0, integer: true });
  const total = options.total ?? lengthOf(calls);
  const make = (call: BatchCall<T>, index: number, controller: AbortController): Promise<BatchResult<T>> =>
    makeCall(services, call, index, controller);
  return new Batch(() => {
    const { clock } = services;
    const meter = new BatchMeter({ ...options, total }, { clock, failed: (error) => warnOf(error, services) });
    return new BatchRun(calls, { concurrency, signal, stopOnError, meter, make });
  });
}

async function makeCall<T>(
  services: BatchServices,
  call: BatchCall<T>,
  index: number,
  { signal }: AbortController,
): Promise<BatchResult<T>> {
  const tracker = new CallTracker();
  const about = (): Pick<BatchResult<T>, 'index' | 'upstream' | 'costUsd'> => {
    const { upstream, costUsd } = tracker;
    return { index, upstream, costUsd };
  };
  try {
    const value = await unlessAborted(
      signal,
      whenThereIsRoom(services, tracker, () => call({ index, signal }), signal),
    );
    return { ok: true, value, ...about() };
  } catch (error) {
    return { ok: false, error, ...about() };
  }
}

/** A batch has time: where all upstreams are full it waits for one, unless something was sent already. */
async function whenThereIsRoom<T>(
  services: BatchServices,
  tracker: CallTracker,
  make: () => T | PromiseLike<T>,
  signal: AbortSignal,
): Promise<T> {
  const { clock } = services;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await services.trackers.take(tracker, make);
    } catch (error) {
      if (!(error instanceof RateLimitedError) || tracker.attempts.length > 0) throw error;
      await sleep(clock, Math.max(error.retryAtMs - clock.now(), waitMs), signal);
    }
  }
}

/** A call that does not listen to its signal is not waited for. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new APIUserAbortError()), { once: true });
    work.then(resolve, reject);
  });
}

function lengthOf(calls: object): number | undefined {
  if (Array.isArray(calls)) return calls.length;
  return calls instanceof Set ? calls.size : undefined;
}

function warnOf(error: unknown, { warnings, clock }: BatchServices): void {
  const message = `The onProgress of a batch threw ${errorName(error)}`;
  warnings.once(message, { code: 'batch', message, atMs: clock.now() });
}
