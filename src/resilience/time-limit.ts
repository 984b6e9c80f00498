/** Ends an attempt in time: by the caller's signal, by the attempt's own time-out, or by the call's deadline. */

import { APIUserAbortError } from 'openai';
import type { Clock, Timer } from '../time/clock.ts';
import type { TimeoutPhase } from '../domain/attempt.ts';
import { DeadlineError, UpstreamTimeoutError } from '../domain/errors.ts';
import { patientTimer } from '../time/patient-timer.ts';

export interface TimeLimit extends Controlled {
  /** To be passed to the SDK in place of the caller's, where it does not show its own controller. */
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
  /** When it begins. @default now */
  readonly nowMs?: number | undefined;
  /** The caller's. */
  readonly signal: AbortSignal | null | undefined;
  /** Time for this attempt. */
  readonly attempt: PhaseBudget | undefined;
  /** Time left to the call (`Infinity`: the SDK bounds it), and the whole of its budget. */
  readonly remainingMs: number;
  readonly deadlineMs: number;
  /** The deadline holds for the rest of a stream as well. @default false */
  readonly deadlineHolds?: boolean | undefined;
}

export function startTimeLimit(options: TimeLimitOptions): TimeLimit {
  return new AttemptLimit(options);
}

class AttemptLimit implements TimeLimit {
  readonly #options: TimeLimitOptions;
  readonly #deadlineAtMs: number;
  /** The request's own. */
  #request: AbortController | undefined;
  /** Made where a signal is asked for. */
  #forwarding: AbortController | undefined;
  #expired: Error | undefined;
  #released = false;
  #timer: Timer | undefined;

  constructor(options: TimeLimitOptions) {
    this.#options = options;
    const { clock, nowMs = clock.now() } = options;
    this.#deadlineAtMs = nowMs + options.remainingMs;
    this.#wait(options.attempt, true, nowMs);
  }

  get signal(): AbortSignal {
    return (this.#forwarding ??= this.#forward()).signal;
  }

  controlledBy(controller: AbortController): void {
    this.#request = controller;
    if (this.#expired) controller.abort();
  }

  expired(): Error | undefined {
    return this.#expired;
  }

  stopTimer(): void {
    const { deadlineHolds = false } = this.#options;
    if (deadlineHolds) this.#wait(undefined, true, this.#options.clock.now());
    else this.#timer?.cancel();
  }

  restartTimer(): void {
    const { attempt, deadlineHolds = false, clock } = this.#options;
    this.#wait(attempt, deadlineHolds, clock.now());
  }

  abort(): void {
    this.#end(new APIUserAbortError());
  }

  release(): void {
    this.#released = true;
    this.#timer?.cancel();
    if (this.#forwarding) this.#options.signal?.removeEventListener('abort', this.#passOn);
  }

  /** Whichever ends sooner, of those that still count. */
  #wait(budget: PhaseBudget | undefined, hasDeadline: boolean, nowMs: number): void {
    this.#timer?.cancel();
    if (this.#expired || this.#released) return;
    const leftMs = hasDeadline ? this.#deadlineAtMs - nowMs : Infinity;
    const { clock, deadlineMs } = this.#options;
    const soonest = budget && budget.budgetMs < leftMs ? budget : undefined;
    if (!soonest && leftMs === Infinity) return;
    const delayMs = Math.max(0, soonest?.budgetMs ?? leftMs);
    const callback = (): void =>
      this.#end(soonest ? new UpstreamTimeoutError(soonest.phase, soonest.budgetMs) : new DeadlineError(deadlineMs));
    this.#timer = patientTimer(clock, delayMs, callback, nowMs);
  }

  #end(error: Error): void {
    this.#expired ??= error;
    this.#request?.abort();
    this.#forwarding?.abort(error);
  }

  #forward(): AbortController {
    const controller = new AbortController();
    const { signal } = this.#options;
    if (this.#expired) controller.abort(this.#expired);
    else if (signal?.aborted) controller.abort(signal.reason);
    else signal?.addEventListener('abort', this.#passOn, { once: true });
    return controller;
  }

  readonly #passOn = (): void => this.#forwarding?.abort(this.#options.signal?.reason);
}

/** Is told the controller of a request when it leaves. */
export interface Controlled {
  controlledBy(controller: AbortController): void;
}
