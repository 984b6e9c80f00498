/** One attempt of a visit: what it is made of, and what follows from its end. */

import type { AnswerJudge, AttemptEnd, AttemptInput } from '../upstream/attempt-types.ts';
import { DoneWatch } from '../upstream/stream/done-marker.ts';
import type { UpstreamRequest } from '../upstream/sdk/request-options.ts';
import { redact } from '../upstream/sdk/redact.ts';
import type { ResponseHeaders } from '../resilience/retry-after.ts';
import type { TimeLimit } from '../resilience/time-limit.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Admitted } from './admission.ts';
import { tokensOf, withCallersCredentials } from './attempt-end.ts';
import { judgeOf } from './attempt-terms.ts';
import type { StartedAttempt } from './call-observer.ts';
import type { CallRun } from './call-state.ts';
import type { Line } from './call-services.ts';

/** Whom an attempt is made for, and who is told of its end. */
export interface AttemptOwner {
  readonly run: CallRun;
  readonly upstream: Upstream;
  /** Nobody waits for this upstream any more. */
  readonly isSpare: boolean;
  ended(end: AttemptEnd): void;
}

/** What an attempt is made with. */
export interface AttemptMeans {
  readonly line: Line;
  readonly request: UpstreamRequest;
  readonly admitted: Admitted;
  readonly started: StartedAttempt;
  readonly limit: TimeLimit | undefined;
  /** The upstream was to be left alone: its answer says that it is back. */
  readonly wasPaused: boolean;
}

/** A class and no object of functions: each call makes one. */
export class VisitAttempt implements AttemptInput {
  readonly surface: AttemptInput['surface'];
  readonly metersRaw = true;
  readonly hidesUsage: boolean;
  readonly done: DoneWatch | undefined;
  readonly send: AttemptInput['send'];
  readonly options: AttemptInput['options'];
  readonly retries: number | null;
  readonly claim: AttemptInput['claim'];
  readonly limit: TimeLimit | undefined;
  readonly tokenizer: AttemptInput['tokenizer'];
  readonly openReaders: AttemptInput['openReaders'];
  readonly clock: AttemptInput['clock'];
  readonly witness: AttemptInput['witness'];
  lateMs: number | undefined;
  readonly #owner: AttemptOwner;
  readonly #means: AttemptMeans;

  constructor(owner: AttemptOwner, means: AttemptMeans) {
    const { call, parts, source, mirror } = owner.run;
    const { line, request, limit, started } = means;
    this.surface = call.surface;
    this.hidesUsage = request.usageAdded;
    this.done = call.stream && owner.upstream.config.endsByDone ? new DoneWatch() : undefined;
    this.send = line.send;
    this.options = request.options;
    this.retries = line.sdkRetries ? null : 0;
    this.claim = source.claim;
    this.limit = limit;
    this.tokenizer = parts.tokenizer;
    this.openReaders = parts.openReaders;
    this.clock = parts.clock;
    this.witness = mirror?.witness(started.index);
    this.#owner = owner;
    this.#means = means;
  }

  judge(): AnswerJudge {
    return judgeOf(this.#owner.run, this.#owner.upstream);
  }

  redact(error: unknown): void {
    const { line, request } = this.#means;
    redact(error, [line.client.apiKey, line.client.adminAPIKey, ...request.mark.secrets]);
  }

  onHeaders(headers: ResponseHeaders, isRefusal: boolean): void {
    this.#means.admitted.slot?.hear(headers, isRefusal);
  }

  onResponseId(id: string): void {
    this.#owner.run.parts.remember(id, this.#owner.upstream.name);
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
    const record = this.#owner.run.progress.end(started, end, this.#owner.isSpare);
    admitted.reservation?.settle(record, nowMs);
  }

  /** With credentials of its own a call says nothing about the account that others are paused for. */
  #tellUpstream({ failure }: AttemptEnd): void {
    const { run, upstream } = this.#owner;
    // Whoever served a turn serves the next one, too.
    if (!failure && run.call.toolRun) run.parts.toolRuns.set(run.call.toolRun, upstream.name);
    if (this.#means.request.callersCredentials) return;
    if (failure) run.parts.observer.refused(upstream, failure);
    else if (this.#means.wasPaused) upstream.pause.clear();
  }
}
