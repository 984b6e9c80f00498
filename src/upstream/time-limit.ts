/** Ends an attempt in time: by the caller's signal, by the attempt's own time-out, or by the call's deadline. */

import { APIConnectionTimeoutError } from 'openai';
import type { Clock } from '../domain/clock.ts';
import { DeadlineError } from './errors.ts';

type Expiry = { readonly afterMs: number; readonly error: () => Error };

export interface TimeLimit {
  /** To be passed to the SDK in place of the caller's. */
  readonly signal: AbortSignal;
  /** The error that the caller should see, if it was the limit that ended the attempt. */
  expired(): Error | undefined;
  /** The answer has begun: no time-out from here on, but the caller's signal still holds. */
  stopTimer(): void;
  /** The attempt is over. */
  release(): void;
}

export interface TimeLimitOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal | null | undefined;
  /** Time for this attempt. */
  readonly timeoutMs: number | undefined;
  /** Time left to the call, and the whole of its budget. */
  readonly remainingMs: number;
  readonly deadlineMs: number;
}

export function startTimeLimit(options: TimeLimitOptions): TimeLimit {
  const { signal } = options;
  const controller = new AbortController();
  let expired: Error | undefined;
  const forward = (): void => controller.abort(signal?.reason);
  if (signal?.aborted) forward();
  else signal?.addEventListener('abort', forward, { once: true });
  const expiry = firstExpiry(options);
  const timer = options.clock.setTimeout(() => {
    expired = expiry.error();
    controller.abort(expired);
  }, expiry.afterMs);
  return {
    signal: controller.signal,
    expired: () => expired,
    stopTimer: () => timer.cancel(),
    release: () => {
      timer.cancel();
      signal?.removeEventListener('abort', forward);
    },
  };
}

function firstExpiry({ timeoutMs, remainingMs, deadlineMs }: TimeLimitOptions): Expiry {
  if (timeoutMs !== undefined && timeoutMs < remainingMs) {
    return { afterMs: timeoutMs, error: () => new APIConnectionTimeoutError() };
  }
  return { afterMs: Math.max(0, remainingMs), error: () => new DeadlineError(deadlineMs) };
}
