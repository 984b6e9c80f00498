/** Runs many calls with bounded concurrency, within the limits and budgets of the client. */

import { APIUserAbortError, RateLimitError } from 'openai';
import { type BatchCalls, BatchMeter, BatchRun } from './batch-run.ts';
import type { BatchCall, BatchOptions, BatchResult } from './options.ts';
import { CallTracker, type CallTrackers } from '../call/track-calls.ts';
import { checkFunction, checkKeys, checkNumber } from '../domain/check.ts';
import { RateLimitedError } from '../domain/errors.ts';
import { sleep } from '../time/wait.ts';
import { errorName, type Warnings } from '../events/warnings.ts';
import type { Clock } from '../time/clock.ts';

/** How often a provider may refuse a call for its rate limit, each time after the call's own retries. */
const MAX_REFUSALS = 10;
/** The shortest wait for a free slot in ms, doubled after each try, and its upper bound. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/**
 * A batch, which starts when it is awaited or iterated. Awaiting it gives all results; iterating it gives one result at a time and keeps a bounded
 * number in memory. Results come in the order of the calls.
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

  /** All iterators share one position: a second reader continues where the first one is. */
  [Symbol.asyncIterator](): AsyncGenerator<BatchResult<T>, void, undefined> {
    this.#results ??= this.#run().results();
    return this.#results;
  }
}

/** The services of the client that a batch uses. */
export interface BatchServices {
  readonly clock: Clock;
  readonly warnings: Warnings;
  readonly trackers: CallTrackers;
}

/** @throws ConfigError for invalid options */
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
    const meter = new BatchMeter({ ...options, total }, { clock, onError: (error) => warnOf(error, services) });
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
  const details = (): Pick<BatchResult<T>, 'index' | 'upstream' | 'costUsd'> => {
    const { upstream, costUsd } = tracker;
    return { index, upstream, costUsd };
  };
  try {
    const value = await unlessAborted(
      signal,
      retryWhileFull(services, tracker, () => call({ index, signal }), signal),
    );
    return { ok: true, value, ...details() };
  } catch (error) {
    return { ok: false, error, ...details() };
  }
}

/**
 * Makes a call again that was only ever rate-limited, by our own limits or by the provider: a batch can wait until there is room. What has
 * had an answer is never made again.
 */
async function retryWhileFull<T>(
  services: BatchServices,
  tracker: CallTracker,
  make: () => T | PromiseLike<T>,
  signal: AbortSignal,
): Promise<T> {
  const { clock } = services;
  let refusals = 0;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await services.trackers.take(tracker, make);
    } catch (error) {
      if (tracker.attempts.some(({ kind }) => kind !== 'rateLimit')) throw error;
      if (error instanceof RateLimitedError)
        await sleep(clock, Math.max(error.retryAtMs - clock.now(), waitMs), signal);
      else if (!(error instanceof RateLimitError) || (refusals += 1) > MAX_REFUSALS) throw error;
      else await sleep(clock, waitMs, signal);
    }
  }
}

/** Rejects on abort even if the call ignores its signal. */
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
  const message = `The onProgress function of a batch threw ${errorName(error)}`;
  warnings.once(message, { code: 'batch', message, atMs: clock.now() });
}
