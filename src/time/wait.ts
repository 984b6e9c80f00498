/** A wait that ends early when the caller gives up. */

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
      // A caller waits for what comes after.
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
  // Not enumerable, as the SDK has it: the reason may be anything.
  Object.defineProperty(error, 'cause', { value: signal?.reason, writable: true, configurable: true });
  return error;
}

/* PART: Gives up what takes too long. */

/** Settles as `work` does, or rejects after `limitMs`; what `work` does later is then nobody's any more. */
export function withTimeout<T>(work: Promise<T>, limitMs: number, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
