/** Waiting: a sleep that an abort signal ends early, and a time limit on a promise. */

import { APIUserAbortError } from 'openai';
import type { Clock } from './clock.ts';

/**
 * Resolves after `delayMs` on `clock`; 0 or less resolves without a timer.
 *
 * @throws APIUserAbortError, with the signal's reason as its `cause`, as soon as `signal` is aborted
 */
export async function sleep(clock: Clock, delayMs: number, signal?: AbortSignal | null): Promise<void> {
  if (signal?.aborted) throw abortErrorOf(signal);
  if (delayMs <= 0) return;
  let release = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(abortErrorOf(signal));
      // A caller waits for the result, so the process must stay alive.
      const timer = clock.setTimeout(resolve, delayMs, { keepAlive: true });
      signal?.addEventListener('abort', onAbort, { once: true });
      release = () => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
      };
    });
  } finally {
    release();
  }
}

/** The error that the SDK itself throws for an aborted call. */
export function abortErrorOf(signal: AbortSignal | null | undefined): APIUserAbortError {
  const error = new APIUserAbortError();
  // Not enumerable, like the `cause` of the SDK's own errors: the reason may be anything.
  Object.defineProperty(error, 'cause', { value: signal?.reason, writable: true, configurable: true });
  return error;
}

/** Settles like `work`, or rejects after `limitMs`. A result that `work` delivers later is ignored. */
export function withTimeout<T>(work: Promise<T>, limitMs: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
