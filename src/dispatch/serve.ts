/** Has one upstream serve a call, trying again where that may help. */

import type { AttemptReason } from '../domain/attempt.ts';
import type { Answer, AttemptEnd } from '../upstream/answer.ts';
import { attempt } from '../upstream/attempt.ts';
import type { Permit } from '../upstream/breaker.ts';
import { optionsFor, type UpstreamRequest } from '../upstream/options-for.ts';
import { redact } from '../upstream/redact.ts';
import { retry, type RetryInput } from '../upstream/retry.ts';
import { sleep } from '../upstream/sleep.ts';
import { startTimeLimit, type TimeLimit } from '../upstream/time-limit.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { canAdmit, type Admitted } from './admission.ts';
import type { CallRun } from './call-run.ts';
import { retryDelayMs } from './decide-retry.ts';
import type { Line } from './dispatch-parts.ts';

/** Rejects with the SDK's error of the last attempt; `run.failure` then says what it means. */
export function serve(run: CallRun, { upstream, permit }: Admitted, reason: AttemptReason): Promise<Answer> {
  const visit = new Visit(run, upstream);
  return retry(() => tryOnce(visit, reason, permit, 0), visit);
}

/** One call at one upstream. */
class Visit implements RetryInput<Answer> {
  readonly run: CallRun;
  readonly upstream: Upstream;
  readonly line: Line;
  readonly request: UpstreamRequest;
  /** The caller's. */
  readonly signal: AbortSignal | null | undefined;
  #lastError: unknown;

  constructor(run: CallRun, upstream: Upstream) {
    const { source, call } = run;
    this.run = run;
    this.upstream = upstream;
    this.line = source.connect(upstream);
    this.request = optionsFor(upstream, this.line.client, call, source.options);
    this.signal = source.options.signal;
  }

  get retries(): number {
    return this.line.sdkRetries ? 0 : this.run.source.maxRetries;
  }

  delayBefore(error: unknown, retryIndex: number): number | undefined {
    this.#lastError = error;
    return retryDelayMs(this.run, this.upstream, retryIndex);
  }

  sleep(delayMs: number): Promise<void> {
    return sleep(this.run.parts.clock, delayMs, this.signal);
  }

  again(retryIndex: number): Promise<Answer> {
    const { run, upstream } = this;
    // Another call was told to wait, or opened the breaker, while we waited.
    if (isLeftAlone(run, upstream)) return Promise.reject(this.#lastError);
    const permit = upstream.breaker?.admit();
    if (upstream.breaker && !permit) return Promise.reject(this.#lastError);
    return tryOnce(this, 'retry', permit, retryIndex + 1);
  }
}

/** A paused upstream is asked only where no other can serve. */
function isLeftAlone(run: CallRun, upstream: Upstream): boolean {
  const { failure, parts } = run;
  const nowMs = parts.clock.now();
  if (failure?.kind === undefined || upstream.pause.until(nowMs) === null) return false;
  return canAdmit(run.untried(failure.kind), parts.upstreams, nowMs);
}

function tryOnce(visit: Visit, reason: AttemptReason, permit: Permit | undefined, retryIndex: number): Promise<Answer> {
  const { run, upstream, line, request } = visit;
  const { call, source, parts } = run;
  const { options } = request;
  const startedAtMs = parts.clock.now();
  const paused = upstream.pause.until(startedAtMs) !== null;
  const started = run.progress.start(upstream.name, reason, request.model, startedAtMs);
  const limit = limitOf(visit);
  options.signal = limit ? limit.signal : visit.signal;
  // The SDK sends `maxRetries` less the retries left as the count of this retry.
  if (!line.sdkRetries) options.maxRetries = retryIndex;
  return attempt({
    surface: call.surface,
    metersRaw: true,
    hidesUsage: request.usageAdded,
    send: line.send,
    options,
    retries: line.sdkRetries ? null : 0,
    claim: source.claim,
    limit,
    redact: (error) => redact(error, [line.client.apiKey, line.client.adminAPIKey, ...request.mark.secrets]),
    clock: parts.clock,
    onResponseId: (id) => parts.remember(id, upstream.name),
    onEnd: (how) => {
      const end = request.callersCredentials ? withCallersCredentials(how) : how;
      limit?.release();
      run.failure = end.failure;
      settle(visit, permit, end, paused);
      run.progress.end(started, end);
    },
  });
}

/** The SDK's own time-out bounds the first attempt, unless something of ours is shorter. */
function limitOf({ run, upstream, signal }: Visit): TimeLimit | undefined {
  const { clock } = run.parts;
  const { timeoutMs } = upstream.config;
  const first = run.progress.started === 1;
  if (first && timeoutMs === undefined && run.deadlineMs >= run.source.timeoutMs) return undefined;
  return startTimeLimit({ clock, signal, timeoutMs, remainingMs: run.remainingMs, deadlineMs: run.deadlineMs });
}

/** Who brings credentials of its own that are refused has made a mistake of its own, and is not served on another's bill. */
function withCallersCredentials(end: AttemptEnd): AttemptEnd {
  const { failure } = end;
  if (failure?.kind !== 'auth') return end;
  return { ...end, failure: { ...failure, outcome: 'neutral', breakerOutcome: 'neutral', tryNext: false } };
}

/** Tells breaker and pause. With credentials of its own a call says nothing about the account that others are paused for. */
function settle(visit: Visit, permit: Permit | undefined, { failure }: AttemptEnd, paused: boolean): void {
  const { run, upstream, request } = visit;
  permit?.settle(failure?.breakerOutcome ?? 'success');
  if (request.callersCredentials) return;
  if (failure) run.parts.observer.refused(upstream, failure);
  else if (paused) upstream.pause.clear();
}
