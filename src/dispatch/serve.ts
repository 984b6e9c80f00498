/** Has one upstream serve a call, trying again where that may help. */

import type { AttemptReason } from '../domain/attempt.ts';
import type { Answer, AttemptEnd } from '../upstream/answer.ts';
import { attempt } from '../upstream/attempt.ts';
import type { Permit } from '../upstream/breaker.ts';
import { optionsFor, type UpstreamRequest } from '../upstream/options-for.ts';
import { redact } from '../upstream/redact.ts';
import { retry } from '../upstream/retry.ts';
import { sleep } from '../upstream/sleep.ts';
import { startTimeLimit, type TimeLimit } from '../upstream/time-limit.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { canAdmit, type Admitted } from './admission.ts';
import type { CallRun } from './call-run.ts';
import { retryDelayMs } from './decide-retry.ts';
import type { Line } from './dispatch-parts.ts';

/** Rejects with the SDK's error of the last attempt; `run.failure` then says what it means. */
export function serve(run: CallRun, target: Admitted, reason: AttemptReason): Promise<Answer> {
  const { upstream } = target;
  const { source, parts, call } = run;
  const line = source.connect(upstream);
  const request = optionsFor(upstream, line.client, call, source.options);
  const visit: Visit = { run, upstream, line, request, signal: source.options.signal };
  let lastError: unknown;
  return retry(() => tryOnce(visit, reason, target.permit, 0), {
    retries: line.sdkRetries ? 0 : source.maxRetries,
    delayBefore: (error, retryIndex) => {
      lastError = error;
      return retryDelayMs(run, upstream, retryIndex);
    },
    sleep: (delayMs) => sleep(parts.clock, delayMs, visit.signal),
    again: (retryIndex) => {
      // Another call was told to wait, or opened the breaker, while we waited.
      if (isLeftAlone(run, upstream)) return Promise.reject(lastError);
      const permit = upstream.breaker?.admit();
      if (upstream.breaker && !permit) return Promise.reject(lastError);
      return tryOnce(visit, 'retry', permit, retryIndex + 1);
    },
  });
}

/** A paused upstream is asked only where no other can serve. */
function isLeftAlone(run: CallRun, upstream: Upstream): boolean {
  const { failure, parts } = run;
  const nowMs = parts.clock.now();
  if (failure?.kind === undefined || upstream.pause.until(nowMs) === null) return false;
  return canAdmit(run.untried(failure.kind), parts.upstreams, nowMs);
}

/** One call at one upstream. */
interface Visit {
  readonly run: CallRun;
  readonly upstream: Upstream;
  readonly line: Line;
  readonly request: UpstreamRequest;
  /** The caller's. */
  readonly signal: AbortSignal | null | undefined;
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
    onEnd: (end) => {
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

/** Tells breaker and pause. With credentials of its own a call says nothing about the account that others are paused for. */
function settle(visit: Visit, permit: Permit | undefined, { failure }: AttemptEnd, paused: boolean): void {
  const { run, upstream, request } = visit;
  permit?.settle(failure?.breakerOutcome ?? 'success');
  if (request.callersCredentials) return;
  if (failure) run.parts.observer.refused(upstream, failure);
  else if (paused) upstream.pause.clear();
}
