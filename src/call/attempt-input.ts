/** The input of one attempt: the request, its time limit, and the checks of its answer. */

import { StreamInterruptedError } from '../domain/errors.ts';
import type { ResponseHeaders } from '../resilience/retry-after.ts';
import { type PhaseBudget, startTimeLimit, type TimeLimit } from '../resilience/time-limit.ts';
import type { AnswerChecks, AttemptEnd, AttemptInput } from '../upstream/attempt-types.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import type { UpstreamRequest } from '../upstream/sdk/request-options.ts';
import { redact } from '../upstream/sdk/secrets.ts';
import { DoneMarkerDetector } from '../upstream/stream/done-marker.ts';
import type { StartedAttempt } from '../upstream/upstream-costs.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Admitted } from './admission.ts';
import type { CallState } from './call-state.ts';

/** The attempts of one call on one upstream, as far as each of them needs it. */
export interface AttemptOwner {
  readonly state: CallState;
  readonly upstream: Upstream;
  readonly connection: UpstreamConnection;
  readonly request: UpstreamRequest;
  settle(taken: AttemptResources, end: AttemptEnd, nowMs: number): void;
}

/** What an attempt has taken until it is settled. */
export interface AttemptResources {
  readonly admitted: Admitted;
  readonly started: StartedAttempt;
  readonly limit: TimeLimit | undefined;
  /** The upstream was paused when the attempt began. A success ends the pause. */
  readonly wasPaused: boolean;
}

/** Each call makes one, so this is a class and not an object of closures. */
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
  readonly #taken: AttemptResources;

  constructor(owner: AttemptOwner, taken: AttemptResources) {
    const { connection, request, upstream, state } = owner;
    const { call, services, source, mirror } = state;
    this.surface = call.surface;
    this.hidesUsage = request.usageAdded;
    this.done = call.stream && upstream.config.endsByDone ? new DoneMarkerDetector() : undefined;
    this.send = connection.send;
    this.options = request.options;
    this.retries = connection.sdkRetries ? null : 0;
    this.mode = source.mode;
    this.limit = taken.limit;
    this.tokenizer = services.tokenizer;
    this.openReaders = services.abandonedStreams;
    this.clock = services.clock;
    this.witness = mirror?.witness(taken.started.index);
    this.#owner = owner;
    this.#taken = taken;
  }

  judge(): AnswerChecks {
    return answerChecksFor(this.#owner.state, this.#owner.upstream);
  }

  redact(error: unknown): void {
    const { connection, request } = this.#owner;
    redact(error, [connection.client.apiKey, connection.client.adminAPIKey, ...request.mark.secrets]);
  }

  onHeaders(headers: ResponseHeaders, isRefusal: boolean): void {
    this.#taken.admitted.slot?.observe(headers, isRefusal);
  }

  onResponseId(id: string): void {
    this.#owner.state.services.remember(id, this.#owner.upstream.name);
  }

  /** `end.atMs` leaves out the time that a late caller took, but slots and money are given back now. */
  onEnd(end: AttemptEnd): void {
    this.#owner.settle(this.#taken, end, this.lateMs ? this.clock.now() : end.atMs);
  }
}

/** What bounds an attempt's time, beside its call and its upstream. */
interface TimeLimitInput {
  /** The caller's signal. */
  readonly signal: AbortSignal | null | undefined;
  /** We may have to cancel the attempt. */
  readonly cancellable: boolean;
  readonly nowMs: number;
}

/**
 * The time limit of an attempt. `undefined` leaves the first attempt of a non-stream call to the SDK's own time-out, unless one of our
 * limits is shorter or the attempt is `cancellable`.
 */
export function timeLimitFor(
  state: CallState,
  upstream: Upstream,
  { signal, cancellable, nowMs }: TimeLimitInput,
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
  const attempt = call.stream ? firstChunkBudget(policy.firstChunkMs, timeoutMs) : headersBudget(timeoutMs);
  const deadlineHolds = policy.deadlineMs !== undefined;
  const remainingMs = call.startedAtMs + deadlineMs - nowMs;
  return startTimeLimit({ clock, nowMs, signal, attempt, remainingMs, deadlineMs, deadlineHolds });
}

function firstChunkBudget(firstChunkMs: number, timeoutMs: number | undefined): PhaseBudget {
  return { phase: 'firstChunk', budgetMs: Math.min(firstChunkMs, timeoutMs ?? Infinity) };
}

function headersBudget(timeoutMs: number | undefined): PhaseBudget | undefined {
  return timeoutMs === undefined ? undefined : { phase: 'headers', budgetMs: timeoutMs };
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
