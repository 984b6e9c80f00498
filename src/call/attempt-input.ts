/** The input of one attempt: the request, its time limit, and the checks of its answer. */

import type { FailureKind, TimeoutPhase } from '../domain/attempt.ts';
import { StreamInterruptedError } from '../domain/errors.ts';
import { fields } from '../domain/json.ts';
import type { CallTrace } from '../domain/trace.ts';
import type { ResponseHeaders } from '../resilience/retry-after.ts';
import { type PhaseBudget, startTimeLimit, type TimeLimit } from '../resilience/time-limit.ts';
import type { AnswerChecks, AttemptEnd, AttemptInput } from '../upstream/attempt-types.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import type { UpstreamRequest } from '../upstream/sdk/request-options.ts';
import { redact } from '../upstream/sdk/secrets.ts';
import { removeRefusedUsage } from '../upstream/sdk/refused-usage.ts';
import { BodyWatch } from '../upstream/stream/body-watch.ts';
import type { StartedAttempt } from '../upstream/upstream-costs.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { acceptanceFor } from './acceptance.ts';
import { type Admitted, canAdmit } from './admission.ts';
import type { CallState } from './call-state.ts';
import { followAttempt } from './follow-attempt.ts';
import { readerOfItems } from './remember-items.ts';
import { meterFor, runsInBackground } from './meter-other.ts';

/** The attempts of one call on one upstream, as far as each of them needs it. */
export interface AttemptOwner {
  readonly state: CallState;
  readonly upstream: Upstream;
  readonly connection: UpstreamConnection;
  readonly request: UpstreamRequest;
  /** Whether a hedge may make these attempts superfluous. */
  readonly cancellable: boolean;
  settle(taken: AttemptResources, end: AttemptEnd, nowMs: number): void;
}

/** What an attempt has taken until it is settled. */
export interface AttemptResources {
  readonly admitted: Admitted;
  readonly started: StartedAttempt;
  readonly limit: TimeLimit | undefined;
  /** The id of the response, if it runs in the background. */
  backgroundId?: string | undefined;
  /** The upstream was paused when the attempt began. A success ends the pause. */
  readonly wasPaused: boolean;
}

/** Each call makes one, so this is a class and not an object of closures. */
export class AttemptContext implements AttemptInput {
  readonly surface: AttemptInput['surface'];
  readonly metersRaw = true;
  hidesUsage: boolean;
  readonly body: BodyWatch | undefined;
  send: AttemptInput['send'];
  readonly options: AttemptInput['options'];
  readonly retries: number | null;
  readonly mode: AttemptInput['mode'];
  readonly limit: TimeLimit | undefined;
  readonly accept: AttemptInput['accept'];
  readonly tokenizer: AttemptInput['tokenizer'];
  readonly openReaders: AttemptInput['openReaders'];
  readonly clock: AttemptInput['clock'];
  witness: AttemptInput['witness'];
  readonly meter: AttemptInput['meter'];
  lateMs: number | undefined;
  acceptMs: number | undefined;
  readonly #owner: AttemptOwner;
  readonly #taken: AttemptResources;
  /** Of the last response. */
  #headers: ResponseHeaders | undefined;

  constructor(owner: AttemptOwner, taken: AttemptResources) {
    const { connection, request, state } = owner;
    const { call, services, source, mirror } = state;
    this.surface = call.surface;
    this.hidesUsage = request.usageAdded;
    this.body = call.stream ? new BodyWatch() : undefined;
    this.send = connection.send;
    this.options = request.options;
    this.retries = connection.sdkRetries ? null : 0;
    this.mode = source.mode;
    this.limit = taken.limit;
    this.accept = acceptanceOf(state, owner.upstream.name);
    this.tokenizer = services.tokenizer;
    this.openReaders = services.abandonedStreams;
    this.clock = services.clock;
    this.witness = readerOfItems(state, owner.upstream.name, mirror?.witness(taken.started.index));
    this.meter = meterFor(call, source.options.body, services.background);
    this.#owner = owner;
    this.#taken = taken;
    if (source.trace) this.#follow(source.trace);
  }

  #follow(trace: CallTrace): void {
    const { connection, state } = this.#owner;
    const { started } = this.#taken;
    const from = started.reason === 'fallback' || started.reason === 'hedge' ? state.recorder.movedFrom : undefined;
    const { send, witness } = followAttempt(trace, started, connection, this.witness, from);
    this.send = send;
    this.witness = witness;
  }

  judge(): AnswerChecks {
    return answerChecksFor(this.#owner, this.#headers);
  }

  removeRefused(error: unknown): boolean {
    const { request, upstream, state } = this.#owner;
    if (!removeRefusedUsage(request, error, upstream, state.call)) return false;
    this.hidesUsage = false;
    return true;
  }

  redact(error: unknown): void {
    const { connection, request } = this.#owner;
    redact(error, [connection.client.apiKey, connection.client.adminAPIKey, ...request.mark.secrets]);
  }

  onHeaders(headers: ResponseHeaders, isRefusal: boolean): void {
    this.#headers = headers;
    this.#taken.admitted.slot?.observe(headers, isRefusal);
  }

  onResponseId(id: string): void {
    const { call, services, source } = this.#owner.state;
    services.remember(id, this.#owner.upstream.name);
    if (runsInBackground(call, source.options.body)) this.#taken.backgroundId = id;
  }

  /** `end.atMs` leaves out the time that a late caller or its `accept` took, but slots and money are given back now. */
  onEnd(end: AttemptEnd): void {
    this.#owner.settle(this.#taken, end, this.lateMs || this.acceptMs ? this.clock.now() : end.atMs);
  }
}

/** Most calls are not checked, and pay nothing. */
function acceptanceOf({ call, services, source }: CallState, upstream: string): AttemptInput['accept'] {
  const { policy, clock, observer } = services;
  if (call.accept === undefined && policy.accept === undefined) return undefined;
  const { body, signal } = source.options;
  const onFailure = (problem: string): void => observer.acceptFailed(problem);
  return acceptanceFor(call, { policy, body, signal, upstream, clock, onFailure });
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
 * The time limit of an attempt; `undefined` where the SDK's own time-out is the only limit, unless the attempt is `cancellable`.
 *
 * The caller's own `timeout` keeps its meaning in the SDK. An upstream's `timeout` ends with the first sign of an answer, and `firstChunk`
 * applies up to the response headers: after them, silence is what counts.
 */
export function timeLimitFor(
  state: CallState,
  upstream: Upstream,
  { signal, cancellable, nowMs }: TimeLimitInput,
): TimeLimit | undefined {
  const { call, deadlineMs, source } = state;
  const { clock, policy } = state.services;
  const { timeoutMs } = upstream.config;
  const firstChunkMs = call.stream ? policy.firstChunkMs : Infinity;
  const isFirst = state.recorder.started === 1 && !state.hasWaited;
  const hasDeadline = policy.deadlineMs !== undefined && (call.stream || !isFirst || deadlineMs < source.timeoutMs);
  if (!hasDeadline && timeoutMs === undefined && firstChunkMs === Infinity && !cancellable) return undefined;
  return startTimeLimit({
    clock,
    nowMs,
    signal,
    attempt: budgetOf(call.stream ? 'firstChunk' : 'headers', timeoutMs),
    headers: budgetOf('firstChunk', firstChunkMs),
    remainingMs: hasDeadline ? call.startedAtMs + deadlineMs - nowMs : Infinity,
    deadlineMs,
    deadlineHolds: hasDeadline,
  });
}

function budgetOf(phase: TimeoutPhase, budgetMs = Infinity): PhaseBudget | undefined {
  return budgetMs === Infinity ? undefined : { phase, budgetMs };
}

function answerChecksFor(owner: AttemptOwner, headers: ResponseHeaders | undefined): AnswerChecks {
  const { state, upstream, cancellable } = owner;
  const { call, services, source, recorder } = state;
  const { policy } = services;
  const isBackground = fields(source.options.body).background === true;
  const isBuffered = !isBackground && (call.streamMode ?? policy.streamMode) === 'buffered';
  const { finishReason } = upstream.config;
  return {
    // A job in the background is silent for long, and no other upstream could take it over.
    firstChunkMs: isBackground ? Infinity : policy.firstChunkMs,
    idleMs: isBackground ? Infinity : policy.idleMs,
    holds: isBuffered || (!isBackground && (cancellable || canMoveOn(state))),
    bufferBytes: isBuffered ? policy.maxBufferBytes : undefined,
    needsFinishReason: finishReason === true,
    onMissingFinishReason:
      finishReason === undefined ? () => services.observer.missesFinishReason(upstream.name) : undefined,
    drains: upstream.config.drains,
    interrupted: (partial, cause) =>
      new StreamInterruptedError({ ...partial, upstream: upstream.name, attempts: recorder.attempts }, cause, headers),
  };
}

/** Whether another upstream could take over if the stream failed now. */
function canMoveOn(state: CallState): boolean {
  if (state.attemptsLeft < 1) return false;
  return STREAM_FAILURES.some((kind) => canAdmit(state.untried(kind), state));
}

/** The kinds of failure of a stream that has begun. */
const STREAM_FAILURES: readonly FailureKind[] = [
  'connection',
  'server',
  'timeout',
  'truncated',
  'malformed',
  'rateLimit',
  'contentFilter',
];
