/** Ends an attempt by the caller's signal, the attempt's own time-out or the call's deadline. */

import { APIUserAbortError } from 'openai';
import type { Clock, Timer } from '../time/clock.ts';
import type { TimeoutPhase } from '../domain/attempt.ts';
import { DeadlineError, UpstreamTimeoutError } from '../domain/errors.ts';
import { patientTimer } from '../time/patient-timer.ts';

export interface TimeLimit extends Controlled {
  /** To be passed to the SDK instead of the caller's signal, where the SDK does not expose its own controller. */
  readonly signal: AbortSignal;
  /** The error for the caller, if this limit ended the attempt. */
  expired(): Error | undefined;
  /** Ends the wait for the response headers. */
  headersArrived(): void;
  /** Stops the attempt's time-out once the answer has begun. The caller's signal and a deadline that the user set still apply. */
  stopTimer(): void;
  /** Restarts the attempt's time-out when we wait for the answer again, after time that the caller took. */
  restartTimer(): void;
  /** Ends an attempt that is no longer needed. */
  abort(): void;
  /** Releases timer and listener after the attempt has ended. */
  release(): void;
}

/** Receives the controller of a request when it is sent. */
export interface Controlled {
  controlledBy(controller: AbortController): void;
}

/** A time budget, and the phase it applies to. */
export interface PhaseBudget {
  readonly phase: TimeoutPhase;
  readonly budgetMs: number;
}

export interface TimeLimitOptions {
  readonly clock: Clock;
  /** When the limit starts, in ms since the Unix epoch. @default now */
  readonly nowMs?: number | undefined;
  /** The caller's signal. */
  readonly signal: AbortSignal | null | undefined;
  /** The time-out of the attempt, up to its answer. */
  readonly attempt: PhaseBudget | undefined;
  /** The time-out up to the response headers. @default none */
  readonly headers?: PhaseBudget | undefined;
  /** Time left of the call's deadline; `Infinity` where the SDK bounds the call. */
  readonly remainingMs: number;
  /** The whole deadline, for the error. */
  readonly deadlineMs: number;
  /** The deadline also applies to the rest of a stream. @default false */
  readonly deadlineHolds?: boolean | undefined;
}

export function startTimeLimit(options: TimeLimitOptions): TimeLimit {
  return new AttemptLimit(options);
}

class AttemptLimit implements TimeLimit {
  readonly #options: TimeLimitOptions;
  readonly #deadlineAtMs: number;
  /** The attempt's own budget, counted from this time. */
  #attemptFromMs: number;
  /** The controller of the SDK's request. */
  #request: AbortController | undefined;
  /** Created when `signal` is read: a signal costs several µs per call. */
  #forwarding: AbortController | undefined;
  #expired: Error | undefined;
  #released = false;
  #timer: Timer | undefined;

  constructor(options: TimeLimitOptions) {
    this.#options = options;
    const { clock, nowMs = clock.now() } = options;
    this.#deadlineAtMs = nowMs + options.remainingMs;
    this.#attemptFromMs = nowMs;
    this.#startTimer([options.headers, options.attempt], true, nowMs);
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

  headersArrived(): void {
    const { headers, attempt, clock } = this.#options;
    if (headers) this.#startTimer([attempt], true, clock.now());
  }

  stopTimer(): void {
    const { deadlineHolds = false } = this.#options;
    if (deadlineHolds) this.#startTimer([], true, this.#options.clock.now());
    else this.#timer?.cancel();
  }

  restartTimer(): void {
    const { attempt, deadlineHolds = false, clock } = this.#options;
    this.#attemptFromMs = clock.now();
    this.#startTimer([attempt], deadlineHolds, this.#attemptFromMs);
  }

  abort(): void {
    this.#end(new APIUserAbortError());
  }

  release(): void {
    this.#released = true;
    this.#timer?.cancel();
    if (this.#forwarding) this.#options.signal?.removeEventListener('abort', this.#forwardAbort);
  }

  /** Starts the timer of the budget, or of the deadline, that ends first. */
  #startTimer(budgets: readonly (PhaseBudget | undefined)[], hasDeadline: boolean, nowMs: number): void {
    this.#timer?.cancel();
    if (this.#expired || this.#released) return;
    const { clock, deadlineMs } = this.#options;
    let endsAtMs = hasDeadline ? this.#deadlineAtMs : Infinity;
    let ending: PhaseBudget | undefined;
    for (const budget of budgets) {
      if (!budget || this.#attemptFromMs + budget.budgetMs >= endsAtMs) continue;
      endsAtMs = this.#attemptFromMs + budget.budgetMs;
      ending = budget;
    }
    if (endsAtMs === Infinity) return;
    const callback = (): void =>
      this.#end(ending ? new UpstreamTimeoutError(ending.phase, ending.budgetMs) : new DeadlineError(deadlineMs));
    this.#timer = patientTimer(clock, Math.max(0, endsAtMs - nowMs), callback, nowMs);
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
    else signal?.addEventListener('abort', this.#forwardAbort, { once: true });
    return controller;
  }

  readonly #forwardAbort = (): void => this.#forwarding?.abort(this.#options.signal?.reason);
}
