/** Has one upstream serve a call, trying again where that may help. */

import type { AttemptReason } from '../domain/attempt.ts';
import type { Failure } from '../resilience/failure.ts';
import { backoffMs, retryAfter, type RetryInput } from '../resilience/retry.ts';
import type { TimeLimit } from '../resilience/time-limit.ts';
import { sleep } from '../time/wait.ts';
import type { Answer, AttemptEnd } from '../upstream/attempt-types.ts';
import { attempt } from '../upstream/attempt.ts';
import { optionsFor, type UpstreamRequest } from '../upstream/sdk/request-options.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type Admitted, canAdmit, acquireOrQueue, release } from './admission.ts';
import { type AttemptOwner, timeLimitFor, AttemptContext } from './attempt-input.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import type { CallState } from './call-state.ts';

/** One call at one upstream. */
export class UpstreamAttempts implements RetryInput<Answer>, AttemptOwner {
  readonly state: CallState;
  readonly upstream: Upstream;
  /** How its last attempt failed. */
  failure: Failure | undefined;
  /** Index of its last attempt among those of the call. */
  attemptIndex = 0;
  readonly #connection: UpstreamConnection;
  readonly #request: UpstreamRequest;
  readonly #admitted: Admitted;
  /** Whether another visit may make this one superfluous. */
  readonly #cancellable: boolean;
  /** The caller's. */
  readonly #signal: AbortSignal | null | undefined;
  #limit: TimeLimit | undefined;
  #cancelled = false;
  #lastError: unknown;

  constructor(state: CallState, admitted: Admitted, cancellable = false) {
    const { source, call } = state;
    const { upstream } = admitted;
    this.state = state;
    this.upstream = upstream;
    this.#admitted = admitted;
    this.#cancellable = cancellable;
    this.#connection = source.connect(upstream);
    this.#request = optionsFor(upstream, this.#connection.client, call, source.options);
    this.#signal = source.options.signal;
    state.ask(upstream.name);
  }

  /** Rejects with the SDK's error of the last attempt; `failure` then says what it means. */
  async serve(reason: AttemptReason): Promise<Answer> {
    try {
      return await this.begin(reason);
    } catch (error) {
      return await this.retryAfter(error);
    }
  }

  /** The first try alone, at `atMs` or now. */
  begin(reason: AttemptReason, atMs?: number): Promise<Answer> {
    return this.#tryOnce(reason, this.#admitted, 0, atMs);
  }

  /** All that may follow a first try which failed with `error`. */
  retryAfter(error: unknown): Promise<Answer> {
    return retryAfter(error, this);
  }

  get isSpare(): boolean {
    return this.#cancelled;
  }

  /** What this means to retries. */
  ended({ failure }: AttemptEnd): void {
    this.failure = failure;
  }

  /** Nobody waits for this upstream any more. */
  cancel(): void {
    this.#cancelled = true;
    this.#limit?.abort();
  }

  get retries(): number {
    return this.#connection.sdkRetries ? 0 : this.state.source.maxRetries;
  }

  delayBefore(error: unknown, retryIndex: number): number | undefined {
    this.#lastError = error;
    return this.#cancelled ? undefined : retryDelayMs(this, retryIndex);
  }

  sleep(delayMs: number): Promise<void> {
    return sleep(this.state.services.clock, delayMs, this.#signal);
  }

  async again(retryIndex: number): Promise<Answer> {
    // A hedge took the last attempt, or another call was told to wait or opened the breaker, while we waited.
    if (this.#isOver || isLeftAlone(this)) throw this.#lastError;
    const entered = acquireOrQueue(this.upstream, this.state, this.state.services.clock.now());
    const admitted = entered instanceof Promise ? await entered : entered;
    if (!admitted) throw this.#lastError;
    if (!this.#isOver) return this.#tryOnce('retry', admitted, retryIndex + 1);
    // A hedge won while we waited for a place.
    release(admitted);
    throw this.#lastError;
  }

  get #isOver(): boolean {
    return this.#cancelled || this.state.attemptsLeft < 1;
  }

  #tryOnce(
    reason: AttemptReason,
    admitted: Admitted,
    retryIndex: number,
    startedAtMs = this.state.services.clock.now(),
  ): Promise<Answer> {
    const { state, upstream } = this;
    const { options, model, mark } = this.#request;
    const { sdkRetries, showsControllers } = this.#connection;
    const started = state.recorder.start(upstream.name, reason, model, startedAtMs);
    const about = { signal: this.#signal, cancellable: this.#cancellable, nowMs: startedAtMs };
    const limit = timeLimitFor(state, upstream, about);
    this.#limit = limit;
    this.attemptIndex = started.index;
    mark.controlled = limit;
    options.signal = limit && !showsControllers ? limit.signal : this.#signal;
    // The SDK sends `maxRetries` less the retries left as the count of this retry.
    if (!sdkRetries) options.maxRetries = retryIndex;
    const wasPaused = upstream.pause.until(startedAtMs) !== null;
    const means = { connection: this.#connection, request: this.#request, admitted, started, limit, wasPaused };
    return attempt(new AttemptContext(this, means));
  }
}

/** A paused upstream is asked only where no other can serve. */
function isLeftAlone({ state, upstream, failure }: UpstreamAttempts): boolean {
  const nowMs = state.services.clock.now();
  if (failure?.kind === undefined || upstream.pause.until(nowMs) === null) return false;
  return canAdmit(state.untried(failure.kind), state);
}

/* PART: Begins the visit of an upstream that has been admitted. */

/**
 * What is held for a visit that cannot begin is given back.
 *
 * @throws what the SDK throws where it can make no client of the upstream, or no request of the call
 */
export function beginAttempts(state: CallState, admitted: Admitted, cancellable: boolean): UpstreamAttempts {
  try {
    return new UpstreamAttempts(state, admitted, cancellable);
  } catch (error) {
    release(admitted);
    throw error;
  }
}

/* PART: Whether the same upstream is asked again, and when. */

/** An upstream that has just failed to serve a call. */
export interface FailedAttempts {
  readonly state: CallState;
  readonly upstream: Upstream;
  readonly failure: Failure | undefined;
}

/** The wait before retry `retryIndex` (from 0), in ms; `undefined` where the upstream is not to be asked again. */
function retryDelayMs({ state, upstream, failure }: FailedAttempts, retryIndex: number): number | undefined {
  const { services } = state;
  const { policy, clock, random } = services;
  if (!failure?.retrySame || failure.kind === undefined) return undefined;
  if (!state.affords(upstream.name)) return undefined;
  const nowMs = clock.now();
  const other = canAdmit(state.untried(failure.kind), state);
  // The last attempt belongs to another upstream where there is one, and so does every call that is told to wait.
  if (state.attemptsLeft < (other ? 2 : 1)) return undefined;
  if (other && failure.kind === 'rateLimit') return undefined;
  if (other && (failure.retryAfterMs ?? 0) > policy.maxDelayMs) return undefined;
  if (upstream.breaker?.state.state === 'open') return undefined;
  const { minDelayMs, maxDelayMs } = policy;
  const backOffMs = backoffMs({ attempt: retryIndex, minDelayMs, maxDelayMs, random });
  // An upstream that said "not now" without saying how long is paused all the same.
  const pausedMs = failure.kind === 'rateLimit' ? (upstream.pause.until(nowMs) ?? nowMs) - nowMs : 0;
  const delayMs = failure.retryAfterMs ?? Math.max(backOffMs, pausedMs);
  if (delayMs >= state.remainingMs || !services.retryBudget.withdraw()) return undefined;
  state.recorder.retry({ upstream: upstream.name, kind: failure.kind, delayMs, atMs: nowMs });
  return delayMs;
}
