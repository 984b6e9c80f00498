/** Has one upstream serve a call, trying again where that may help. */

import type { AttemptReason } from '../domain/attempt.ts';
import type { Answer, AttemptEnd } from '../upstream/answer.ts';
import { attempt } from '../upstream/attempt.ts';
import { DoneWatch } from '../upstream/done-watch.ts';
import type { Failure } from '../upstream/failure.ts';
import { optionsFor, type UpstreamRequest } from '../upstream/options-for.ts';
import { redact } from '../upstream/redact.ts';
import { retry, type RetryInput } from '../upstream/retry.ts';
import { sleep } from '../upstream/sleep.ts';
import type { TimeLimit } from '../upstream/time-limit.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { canAdmit, withdraw, type Admitted } from './admission.ts';
import { enterInTurn } from './admit-in-turn.ts';
import { tokensOf, withCallersCredentials } from './attempt-end.ts';
import { judgeOf, limitOf } from './attempt-terms.ts';
import type { CallRun } from './call-run.ts';
import { retryDelayMs } from './decide-retry.ts';
import type { Line } from './dispatch-parts.ts';

/** One call at one upstream. */
export class Visit implements RetryInput<Answer> {
  readonly run: CallRun;
  readonly upstream: Upstream;
  /** How its last attempt failed. */
  failure: Failure | undefined;
  /** Index of its last attempt among those of the call. */
  attemptIndex = 0;
  readonly #line: Line;
  readonly #request: UpstreamRequest;
  readonly #admitted: Admitted;
  /** Whether another visit may make this one superfluous. */
  readonly #cancellable: boolean;
  /** The caller's. */
  readonly #signal: AbortSignal | null | undefined;
  #limit: TimeLimit | undefined;
  #cancelled = false;
  #lastError: unknown;

  constructor(run: CallRun, admitted: Admitted, cancellable = false) {
    const { source, call } = run;
    const { upstream } = admitted;
    this.run = run;
    this.upstream = upstream;
    this.#admitted = admitted;
    this.#cancellable = cancellable;
    this.#line = source.connect(upstream);
    this.#request = optionsFor(upstream, this.#line.client, call, source.options);
    this.#signal = source.options.signal;
    run.ask(upstream.name);
  }

  /** Rejects with the SDK's error of the last attempt; `failure` then says what it means. */
  serve(reason: AttemptReason): Promise<Answer> {
    return retry(() => this.#tryOnce(reason, this.#admitted, 0), this);
  }

  /** Nobody waits for this upstream any more. */
  cancel(): void {
    this.#cancelled = true;
    this.#limit?.abort();
  }

  get retries(): number {
    return this.#line.sdkRetries ? 0 : this.run.source.maxRetries;
  }

  delayBefore(error: unknown, retryIndex: number): number | undefined {
    this.#lastError = error;
    return this.#cancelled ? undefined : retryDelayMs(this, retryIndex);
  }

  sleep(delayMs: number): Promise<void> {
    return sleep(this.run.parts.clock, delayMs, this.#signal);
  }

  async again(retryIndex: number): Promise<Answer> {
    // A hedge took the last attempt, or another call was told to wait or opened the breaker, while we waited.
    if (this.#isOver || isLeftAlone(this)) throw this.#lastError;
    const entered = enterInTurn(this.upstream, this.run);
    const admitted = entered instanceof Promise ? await entered : entered;
    if (!admitted) throw this.#lastError;
    if (!this.#isOver) return this.#tryOnce('retry', admitted, retryIndex + 1);
    // A hedge won while we waited for a place.
    withdraw(admitted);
    throw this.#lastError;
  }

  get #isOver(): boolean {
    return this.#cancelled || this.run.attemptsLeft < 1;
  }

  #tryOnce(reason: AttemptReason, { permit, slot, reservation }: Admitted, retryIndex: number): Promise<Answer> {
    const { run, upstream } = this;
    const { call, source, parts, progress } = run;
    const { options, model, usageAdded, mark, callersCredentials } = this.#request;
    const { client, send, sdkRetries, showsControllers } = this.#line;
    const startedAtMs = parts.clock.now();
    const paused = upstream.pause.until(startedAtMs) !== null;
    const started = progress.start(upstream.name, reason, model, startedAtMs);
    const limit = limitOf(run, upstream, { signal: this.#signal, cancellable: this.#cancellable });
    this.#limit = limit;
    this.attemptIndex = started.index;
    mark.controlled = limit;
    options.signal = limit && !showsControllers ? limit.signal : this.#signal;
    // The SDK sends `maxRetries` less the retries left as the count of this retry.
    if (!sdkRetries) options.maxRetries = retryIndex;
    return attempt({
      surface: call.surface,
      metersRaw: true,
      hidesUsage: usageAdded,
      done: call.stream && upstream.config.endsByDone ? new DoneWatch() : undefined,
      send,
      options,
      retries: sdkRetries ? null : 0,
      claim: source.claim,
      limit,
      judge: () => judgeOf(run, upstream),
      tokenizer: parts.tokenizer,
      openReaders: parts.openReaders,
      redact: (error) => redact(error, [client.apiKey, client.adminAPIKey, ...mark.secrets]),
      clock: parts.clock,
      witness: run.mirror?.witness(started.index),
      onHeaders: slot && ((headers) => slot.hear(headers)),
      onResponseId: (id) => parts.remember(id, upstream.name),
      onEnd: (how) => {
        const end = callersCredentials ? withCallersCredentials(how) : how;
        limit?.release();
        mark.forget();
        this.failure = end.failure;
        slot?.settle(tokensOf(end));
        this.#settle(permit, end, paused);
        const record = progress.end(started, end, this.#cancelled);
        reservation?.settle(record);
      },
    });
  }

  /** Tells breaker and pause. With credentials of its own a call says nothing about the account that others are paused for. */
  #settle(permit: Admitted['permit'], { failure }: AttemptEnd, paused: boolean): void {
    const { run, upstream } = this;
    permit?.settle(failure?.breakerOutcome ?? 'success');
    // Whoever served a turn serves the next one, too.
    if (!failure && run.call.toolRun) run.parts.toolRuns.set(run.call.toolRun, upstream.name);
    if (this.#request.callersCredentials) return;
    if (failure) run.parts.observer.refused(upstream, failure);
    else if (paused) upstream.pause.clear();
  }
}

/** A paused upstream is asked only where no other can serve. */
function isLeftAlone({ run, upstream, failure }: Visit): boolean {
  const nowMs = run.parts.clock.now();
  if (failure?.kind === undefined || upstream.pause.until(nowMs) === null) return false;
  return canAdmit(run.untried(failure.kind), run);
}
