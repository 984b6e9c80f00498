/** One attempt of a visit: what it is made of, and what follows from its end. */

import { StreamInterruptedError } from '../domain/errors.ts';
import type { ResponseHeaders } from '../resilience/retry-after.ts';
import { type PhaseBudget, startTimeLimit, type TimeLimit } from '../resilience/time-limit.ts';
import type { AnswerChecks, AttemptEnd, AttemptInput } from '../upstream/attempt-types.ts';
import type { UpstreamRequest } from '../upstream/sdk/request-options.ts';
import { redact } from '../upstream/sdk/secrets.ts';
import { DoneMarkerDetector } from '../upstream/stream/done-marker.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Admitted } from './admission.ts';
import type { StartedAttempt } from '../upstream/upstream-costs.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import type { CallState } from './call-state.ts';

/** Whom an attempt is made for, and who is told of its end. */
export interface AttemptOwner {
  readonly state: CallState;
  readonly upstream: Upstream;
  /** Nobody waits for this upstream any more. */
  readonly isSpare: boolean;
  ended(end: AttemptEnd): void;
}

/** What an attempt is made with. */
export interface AttemptContextInput {
  readonly connection: UpstreamConnection;
  readonly request: UpstreamRequest;
  readonly admitted: Admitted;
  readonly started: StartedAttempt;
  readonly limit: TimeLimit | undefined;
  /** The upstream was to be left alone: its answer says that it is back. */
  readonly wasPaused: boolean;
}

/** A class and no object of functions: each call makes one. */
export class AttemptContext implements AttemptInput {
  readonly surface: AttemptInput['surface'];
  readonly metersRaw = true;
  readonly hidesUsage: boolean;
  readonly done: DoneMarkerDetector | undefined;
  readonly send: AttemptInput['send'];
  readonly options: AttemptInput['options'];
  readonly retries: number | null;
  readonly mode: AttemptInput['mode'];
  readonly limit: TimeLimit | undefined;
  readonly tokenizer: AttemptInput['tokenizer'];
  readonly openReaders: AttemptInput['openReaders'];
  readonly clock: AttemptInput['clock'];
  readonly witness: AttemptInput['witness'];
  lateMs: number | undefined;
  readonly #owner: AttemptOwner;
  readonly #means: AttemptContextInput;

  constructor(owner: AttemptOwner, means: AttemptContextInput) {
    const { call, services, source, mirror } = owner.state;
    const { connection, request, limit, started } = means;
    this.surface = call.surface;
    this.hidesUsage = request.usageAdded;
    this.done = call.stream && owner.upstream.config.endsByDone ? new DoneMarkerDetector() : undefined;
    this.send = connection.send;
    this.options = request.options;
    this.retries = connection.sdkRetries ? null : 0;
    this.mode = source.mode;
    this.limit = limit;
    this.tokenizer = services.tokenizer;
    this.openReaders = services.abandonedStreams;
    this.clock = services.clock;
    this.witness = mirror?.witness(started.index);
    this.#owner = owner;
    this.#means = means;
  }

  judge(): AnswerChecks {
    return answerChecksFor(this.#owner.state, this.#owner.upstream);
  }

  redact(error: unknown): void {
    const { connection, request } = this.#means;
    redact(error, [connection.client.apiKey, connection.client.adminAPIKey, ...request.mark.secrets]);
  }

  onHeaders(headers: ResponseHeaders, isRefusal: boolean): void {
    this.#means.admitted.slot?.observe(headers, isRefusal);
  }

  onResponseId(id: string): void {
    this.#owner.state.services.remember(id, this.#owner.upstream.name);
  }

  onEnd(how: AttemptEnd): void {
    const { request, admitted, started } = this.#means;
    const end = request.callersCredentials ? withCallersCredentials(how) : how;
    const { failure } = end;
    // The time that a late caller took has passed all the same: places and money are given back now.
    const nowMs = this.lateMs ? this.clock.now() : end.atMs;
    this.limit?.release();
    request.mark.forget();
    this.#owner.ended(end);
    admitted.slot?.settle(tokensOf(end), nowMs);
    admitted.permit?.settle(failure?.breakerOutcome ?? 'success', nowMs);
    this.#tellUpstream(end);
    const record = this.#owner.state.recorder.end(started, end, this.#owner.isSpare);
    admitted.reservation?.settle(record, nowMs);
  }

  /** With credentials of its own a call says nothing about the account that others are paused for. */
  #tellUpstream({ failure }: AttemptEnd): void {
    const { state, upstream } = this.#owner;
    // Whoever served a turn serves the next one, too.
    if (!failure && state.call.toolRun) state.services.toolRuns.set(state.call.toolRun, upstream.name);
    if (this.#means.request.callersCredentials) return;
    if (failure) state.services.observer.refused(upstream, failure);
    else if (this.#means.wasPaused) upstream.pause.clear();
  }
}

/* PART: The terms of an attempt: how long it may take, and how its answer is judged. */

/** What an attempt's time is bounded by, beside the call and its upstream. */
interface AttemptTerms {
  /** The caller's. */
  readonly signal: AbortSignal | null | undefined;
  readonly cancellable: boolean;
  readonly nowMs: number;
}

/**
 * The SDK's own time-out bounds the first attempt of a call that is no stream, unless something of ours is shorter, or the
 * attempt may have to be `cancellable` by us.
 */
export function timeLimitFor(
  state: CallState,
  upstream: Upstream,
  { signal, cancellable, nowMs }: AttemptTerms,
): TimeLimit | undefined {
  const { call, deadlineMs, source } = state;
  const { clock, policy } = state.services;
  const { timeoutMs } = upstream.config;
  const isFirst = state.recorder.started === 1 && !state.hasWaited;
  if (isFirst && !call.stream && timeoutMs === undefined && deadlineMs >= source.timeoutMs) {
    return cancellable
      ? startTimeLimit({ clock, nowMs, signal, attempt: undefined, remainingMs: Infinity, deadlineMs })
      : undefined;
  }
  const attempt = call.stream ? firstChunkOf(policy.firstChunkMs, timeoutMs) : headersOf(timeoutMs);
  const deadlineHolds = policy.deadlineMs !== undefined;
  const remainingMs = call.startedAtMs + deadlineMs - nowMs;
  return startTimeLimit({ clock, nowMs, signal, attempt, remainingMs, deadlineMs, deadlineHolds });
}

function answerChecksFor(state: CallState, upstream: Upstream): AnswerChecks {
  const { policy } = state.services;
  return {
    idleMs: policy.idleMs,
    bufferBytes: (state.call.streamMode ?? policy.streamMode) === 'buffered' ? policy.maxBufferBytes : undefined,
    drains: upstream.config.drains,
    interrupted: (partial, cause) => {
      const { attempts } = state.recorder;
      return new StreamInterruptedError({ ...partial, upstream: upstream.name, attempts }, cause);
    },
  };
}

function firstChunkOf(firstChunkMs: number, timeoutMs: number | undefined): PhaseBudget {
  return { phase: 'firstChunk', budgetMs: Math.min(firstChunkMs, timeoutMs ?? Infinity) };
}

function headersOf(timeoutMs: number | undefined): PhaseBudget | undefined {
  return timeoutMs === undefined ? undefined : { phase: 'headers', budgetMs: timeoutMs };
}

/* PART: What the end of an attempt means to those who wait for it. */

/** Who brings credentials of its own that are refused has made a mistake of its own, and is not served on another's bill. */
function withCallersCredentials(end: AttemptEnd): AttemptEnd {
  const { failure } = end;
  if (failure?.kind !== 'auth') return end;
  return { ...end, failure: { ...failure, outcome: 'neutral', breakerOutcome: 'neutral', tryNext: false } };
}

/** The tokens that an attempt used. An estimate is no better than the one that its place was given by. */
function tokensOf({ usage, usageEstimated }: AttemptEnd): number | undefined {
  return usage && !usageEstimated ? usage.inputTokens + usage.outputTokens : undefined;
}
