/** All attempts of one call on one upstream: the first, and its retries. */

import type { AttemptReason, AttemptRecord } from '../domain/attempt.ts';
import type { Failure } from '../resilience/failure.ts';
import type { ModelState } from '../resilience/model-states.ts';
import { retryAfter } from '../resilience/retry.ts';
import type { TimeLimit } from '../resilience/time-limit.ts';
import { sleep } from '../time/wait.ts';
import type { Answer, AttemptEnd } from '../upstream/attempt-types.ts';
import { attempt } from '../upstream/attempt.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import { optionsFor, type UpstreamRequest } from '../upstream/sdk/request-options.ts';
import type { StartedAttempt } from '../upstream/upstream-costs.ts';
import { requestedModel, type Upstream } from '../upstream/upstream.ts';
import { acquireOrQueue, type Admitted, canAdmit, release } from './admission.ts';
import { AttemptContext, type AttemptOwner, type AttemptResources, timeLimitFor } from './attempt-input.ts';
import type { CallState } from './call-state.ts';
import { retryDelayMs, shouldLeaveAlone } from './retry-delay.ts';

/**
 * Prepares the attempts on an upstream that has admitted the call. What was acquired is released if that fails.
 *
 * @throws what the SDK throws if it cannot make a client for the upstream or a request for the call
 */
export function beginAttempts(state: CallState, admitted: Admitted, cancellable: boolean): UpstreamAttempts {
  try {
    return new UpstreamAttempts(state, admitted, cancellable);
  } catch (error) {
    release(admitted);
    throw error;
  }
}

export class UpstreamAttempts implements AttemptOwner {
  readonly state: CallState;
  readonly upstream: Upstream;
  /** The breaker and the pause of the requested model. */
  readonly model: ModelState;
  readonly connection: UpstreamConnection;
  readonly request: UpstreamRequest;
  readonly cancellable: boolean;
  /** How the last attempt failed. */
  failure: Failure | undefined;
  /** Index of the last attempt among the attempts of the call. */
  attemptIndex = 0;
  readonly #admitted: Admitted;
  /** The caller's signal. */
  readonly #signal: AbortSignal | null | undefined;
  #limit: TimeLimit | undefined;
  #cancelled = false;

  constructor(state: CallState, admitted: Admitted, cancellable = false) {
    const { source, call } = state;
    const { upstream } = admitted;
    this.state = state;
    this.upstream = upstream;
    this.model = upstream.models.of(requestedModel(upstream, call));
    this.#admitted = admitted;
    this.cancellable = cancellable;
    this.connection = source.connect(upstream);
    this.request = optionsFor(upstream, this.connection.client, call, source.options);
    this.#signal = source.options.signal;
    state.markTried(upstream.name);
  }

  /** Makes the first attempt and its retries. Rejects with the SDK's error of the last attempt; `failure` classifies it. */
  async serve(reason: AttemptReason): Promise<Answer> {
    try {
      return await this.begin(reason);
    } catch (error) {
      return await this.retryAfter(error);
    }
  }

  /** Makes the first attempt only, at `atMs` or now. */
  begin(reason: AttemptReason, atMs?: number): Promise<Answer> {
    return this.#tryOnce(reason, this.#admitted, 0, atMs);
  }

  /** Retries after a first attempt that failed with `firstError`. */
  retryAfter(firstError: unknown): Promise<Answer> {
    let lastError = firstError;
    return retryAfter(firstError, {
      retries: this.connection.sdkRetries ? 0 : this.state.maxRetriesOn(this.upstream),
      delayBefore: (error, retryIndex) => {
        lastError = error;
        if (this.failure) this.state.noteAnswer(error, this.failure, this.upstream.name);
        return this.#cancelled ? undefined : retryDelayMs(this, retryIndex);
      },
      sleep: (delayMs) => sleep(this.state.services.clock, delayMs, this.#signal),
      again: (retryIndex) => this.#retry(lastError, retryIndex),
    });
  }

  /** The answer of this upstream is not needed any more. */
  cancel(): void {
    this.#cancelled = true;
    this.#limit?.abort();
  }

  /** Gives back what an attempt has taken, and records it. Called once for each attempt. */
  settle(taken: AttemptResources, how: AttemptEnd, nowMs: number): void {
    const { admitted, started, limit, wasPaused, backgroundId } = taken;
    const { mark, callersCredentials } = this.request;
    const end = callersCredentials ? withCallersCredentials(how) : judgedBy(this.model, how);
    const { failure } = end;
    this.failure = failure;
    limit?.release();
    mark.forget();
    admitted.slot?.settle(tokensOf(end), nowMs);
    if (!failure) this.#rememberOwner();
    this.#updatePause(failure, wasPaused);
    const { permit } = admitted;
    // Three `forbidden` in a row are a failure whatever another upstream says.
    const isOpen = failure?.outcome === 'neutral' && !this.#cancelled;
    const isHeld = isOpen && this.state.mayMoveRefusal(failure, this.upstream.name);
    if (!isHeld) permit?.settle(failure?.breakerOutcome ?? 'success', nowMs);
    // An attempt that was cancelled for a hedge is spare.
    const record = isHeld
      ? this.state.recorder.endRefused(started, end, permit)
      : this.state.recorder.end(started, end, this.#cancelled);
    if (backgroundId === undefined) admitted.reservation?.settle(record, nowMs);
    else this.#settleBackground(backgroundId, admitted.reservation, record, nowMs);
  }

  /** A response that runs in the background keeps its reservation until a poll has its usage. */
  #settleBackground(id: string, reservation: Admitted['reservation'], record: AttemptRecord, nowMs: number): void {
    const { background, observer } = this.state.services;
    if (record.usage !== undefined) {
      background.metered(id);
      reservation?.settle(record, nowMs);
      return;
    }
    background.wait(id, { release: () => reservation?.cancel(), onMetered: () => observer.metered(record) });
  }

  /** What this upstream has found or read is its own. */
  #rememberOwner(): void {
    const { call, services } = this.state;
    if (call.ownedId !== undefined) services.remember(call.ownedId, this.upstream.name);
    if (call.sealedItems) for (const item of call.sealedItems) services.remember(item, this.upstream.name);
  }

  #updatePause(failure: Failure | undefined, wasPaused: boolean): void {
    const { call, services } = this.state;
    // The upstream that served one turn of a tool run serves the next turn, too.
    if (!failure) this.upstream.lastSuccessAtMs = services.clock.now();
    if (!failure && call.toolRun) services.toolRuns.set(call.toolRun, this.upstream.name);
    // The caller's own credentials say nothing about the account of the other calls.
    if (this.request.callersCredentials) return;
    if (failure) services.observer.refused(this.upstream.name, this.model, failure);
    else if (wasPaused) this.model.pause.clear();
  }

  async #retry(lastError: unknown, retryIndex: number): Promise<Answer> {
    // During the wait, a hedge may have taken the last attempt, or another call may have paused the upstream or opened the breaker.
    if (this.#isOver || shouldLeaveAlone(this)) throw lastError;
    const { state, upstream, failure } = this;
    // Where no other upstream can serve, neither the breaker nor a pause refuses: the SDK would retry.
    const isForced = failure === undefined || !canAdmit(state.untriedAfter(failure), state);
    const acquired = acquireOrQueue(upstream, state, state.services.clock.now(), isForced);
    const admitted = acquired instanceof Promise ? await acquired : acquired;
    if (!admitted) throw lastError;
    if (!this.#isOver) return this.#tryOnce('retry', admitted, retryIndex + 1);
    // A hedge won while this call was in the queue.
    release(admitted);
    throw lastError;
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
    const started = this.state.recorder.start(this.upstream.name, reason, this.request.model, startedAtMs);
    let context: AttemptContext;
    try {
      context = this.#prepare(admitted, started, retryIndex);
    } catch (error) {
      // A signal that is none, for example.
      release(admitted);
      throw error;
    }
    return attempt(context);
  }

  #prepare(admitted: Admitted, started: StartedAttempt, retryIndex: number): AttemptContext {
    const { state, upstream } = this;
    const { options, mark } = this.request;
    const { sdkRetries, showsControllers } = this.connection;
    const { startedAtMs } = started;
    const bounds = { signal: this.#signal, cancellable: this.cancellable, nowMs: startedAtMs };
    const limit = timeLimitFor(state, upstream, bounds);
    this.#limit = limit;
    this.attemptIndex = started.index;
    mark.controlled = limit;
    options.signal = limit && !showsControllers ? limit.signal : this.#signal;
    // The SDK sends `maxRetries` less the retries left as the number of this retry.
    if (!sdkRetries) options.maxRetries = retryIndex;
    const wasPaused = this.model.pause.until(startedAtMs) !== null;
    return new AttemptContext(this, { admitted, started, limit, wasPaused });
  }
}

/** Classifies a failure with those before it on the same model. */
function judgedBy(model: ModelState, end: AttemptEnd): AttemptEnd {
  const failure = model.judge(end.failure);
  return failure === end.failure ? end : { ...end, failure };
}

/** Refused credentials that the caller brought for this call are the caller's mistake: no other account pays for the call instead. */
function withCallersCredentials(end: AttemptEnd): AttemptEnd {
  const { failure } = end;
  if (failure?.kind !== 'auth') return end;
  return { ...end, failure: { ...failure, outcome: 'neutral', breakerOutcome: 'neutral', tryNext: false } };
}

/** The tokens that an attempt used. An estimated usage is no better than the estimate that the slot was taken with. */
function tokensOf({ usage, usageEstimated }: AttemptEnd): number | undefined {
  return usage && !usageEstimated ? usage.inputTokens + usage.outputTokens : undefined;
}
