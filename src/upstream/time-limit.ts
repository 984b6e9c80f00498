/** Ends an attempt in time: by the caller's signal, by the attempt's own time-out, or by the call's deadline. */

import type { Clock, Timer } from '../domain/clock.ts';
import type { TimeoutPhase } from '../domain/outcome.ts';
import { DeadlineError, UpstreamTimeoutError } from './errors.ts';
import { patientTimer } from './patient-timer.ts';

export interface TimeLimit {
  /** To be passed to the SDK in place of the caller's. */
  readonly signal: AbortSignal;
  /** The error that the caller should see, if it was the limit that ended the attempt. */
  expired(): Error | undefined;
  /** The answer has begun: its time-out is over. A deadline that the user set goes on, and so does the caller's signal. */
  stopTimer(): void;
  /** The answer is waited for again, after a time that was the caller's own: the attempt's time-out begins anew. */
  restartTimer(): void;
  /** Ends the attempt: nobody needs it any more. */
  abort(): void;
  /** The attempt is over. */
  release(): void;
}

/** A time budget, and what is waited for. */
export interface PhaseBudget {
  readonly phase: TimeoutPhase;
  readonly budgetMs: number;
}

export interface TimeLimitOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal | null | undefined;
  /** Time for this attempt. */
  readonly attempt: PhaseBudget | undefined;
  /** Time left to the call, and the whole of its budget. */
  readonly remainingMs: number;
  readonly deadlineMs: number;
  /** The deadline holds for the rest of a stream as well. @default false */
  readonly deadlineHolds?: boolean | undefined;
}

export function startTimeLimit(options: TimeLimitOptions): TimeLimit {
  const { signal, clock, attempt, remainingMs, deadlineMs, deadlineHolds = false } = options;
  const deadlineAtMs = clock.now() + remainingMs;
  const controller = new AbortController();
  let expired: Error | undefined;
  let released = false;
  let timer: Timer | undefined;
  const forward = (): void => controller.abort(signal?.reason);
  const expireAfter = (afterMs: number, error: () => Error): void => {
    timer = patientTimer(clock, Math.max(0, afterMs), () => {
      expired = error();
      controller.abort(expired);
    });
  };
  /** Whichever ends sooner, of those that still count. */
  const wait = (budget: PhaseBudget | undefined, hasDeadline: boolean): void => {
    timer?.cancel();
    if (expired || released) return;
    const leftMs = hasDeadline ? deadlineAtMs - clock.now() : Infinity;
    if (budget && budget.budgetMs < leftMs) {
      expireAfter(budget.budgetMs, () => new UpstreamTimeoutError(budget.phase, budget.budgetMs));
    } else if (hasDeadline) {
      expireAfter(leftMs, () => new DeadlineError(deadlineMs));
    }
  };
  if (signal?.aborted) forward();
  else signal?.addEventListener('abort', forward, { once: true });
  wait(attempt, true);
  return {
    signal: controller.signal,
    expired: () => expired,
    stopTimer: () => wait(undefined, deadlineHolds),
    restartTimer: () => wait(attempt, deadlineHolds),
    abort: () => controller.abort(),
    release: () => {
      released = true;
      timer?.cancel();
      signal?.removeEventListener('abort', forward);
    },
  };
}
