/** A mirrored call and its copies: collects both answers, and passes them on to be compared once both sides have ended. */

import type { AttemptRecord, Outcome } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { ReadAnswer, ShadowAnswer, ShadowCall } from '../domain/shadow.ts';
import type { TimeLimit } from '../resilience/time-limit.ts';
import type { AnswerReader } from '../upstream/attempt-types.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { AnswerCollector } from './compare/read-answer.ts';
import type { ShadowTarget } from './shadow-target.ts';

/** Collects the real answer of a call while its caller reads it. */
export class MirroredCall {
  readonly #call: Call;
  readonly #copies: readonly Copy[];
  /** By attempt index. */
  readonly #collectors = new Map<number, AnswerCollector>();

  constructor(call: Call, copies: readonly Copy[]) {
    this.#call = call;
    this.#copies = copies;
  }

  /** The collector of one attempt's answer. */
  witness(attemptIndex: number): AnswerReader {
    const collector = new AnswerCollector(this.#call.surface);
    this.#collectors.set(attemptIndex, collector);
    return collector;
  }

  /** Called when the call has ended; `served` is the attempt whose answer the caller received. */
  over(outcome: Outcome, served: AttemptRecord | undefined): void {
    const collector = served && this.#collectors.get(served.index);
    const real = outcome === 'success' && collector ? shadowAnswer(collector.answer, served) : undefined;
    this.#collectors.clear();
    for (const copy of this.#copies) copy.realEnded(outcome, served?.upstream, real);
  }
}

/** An answer with its latency and cost. */
export function shadowAnswer(answer: ReadAnswer, record: AttemptRecord): ShadowAnswer {
  const { upstream, model, latencyMs, firstChunkMs, cost } = record;
  return { ...answer, upstream, model, latencyMs, firstChunkMs, costUsd: cost.costUsd };
}

/** The call that is copied, and where the copy goes. */
export interface CopyRequest {
  readonly call: Call;
  /** The call as users see it. */
  readonly view: ShadowCall;
  readonly target: ShadowTarget;
  readonly upstream: Upstream;
  readonly options: RequestOptions;
  readonly connect: (upstream: Upstream) => UpstreamConnection;
  /** Records the copy's attempt in the ledger of the call. */
  readonly ledger: { shadow(record: AttemptRecord): void };
  readonly abortWithCaller: boolean;
  /** Called once, when both sides have ended. */
  readonly comparisons: { compare(request: CopyRequest, result: MirroredResult): void };
  /** Gives back the memory of the body. */
  readonly release: () => void;
}

/** Both sides of a mirrored call; an answer is `undefined` if it cannot be compared. */
export interface MirroredResult {
  readonly record: AttemptRecord;
  readonly servedBy: string | undefined;
  readonly real: ShadowAnswer | undefined;
  readonly shadow: ShadowAnswer | undefined;
}

/**
 * One copy of a call, until both answers are complete. The side that ends first waits for the other: a copy ends by its timeout at
 * the latest, a call when its caller stops reading.
 */
export class Copy {
  request: CopyRequest;
  #limit: TimeLimit | undefined;
  #cancelled = false;
  #realSide: Pick<MirroredResult, 'servedBy' | 'real'> | undefined;
  #shadowSide: Pick<MirroredResult, 'record' | 'shadow'> | undefined;

  constructor(request: CopyRequest) {
    this.request = request;
  }

  /** Whether the copy was cancelled; it must not be sent. */
  get isCancelled(): boolean {
    return this.#cancelled;
  }

  /** The copy is not sent: its body is not needed any more. */
  dropped(): void {
    this.#forget();
  }

  started(limit: TimeLimit): void {
    this.#limit = limit;
  }

  /** Cancels the copy, whether it is queued or in flight. */
  cancel(): void {
    this.#cancelled = true;
    this.#limit?.abort();
  }

  realEnded(outcome: Outcome, servedBy: string | undefined, real: ShadowAnswer | undefined): void {
    // After a fallback both answers may come from the same upstream: there is nothing to compare.
    this.#realSide = { servedBy, real: servedBy === this.request.upstream.name ? undefined : real };
    if (outcome === 'aborted' && this.request.abortWithCaller) this.cancel();
    this.#settle();
  }

  ended(record: AttemptRecord, shadow: ShadowAnswer | undefined): void {
    this.#limit = undefined;
    this.#shadowSide = { record, shadow };
    this.request.ledger.shadow(record);
    this.#settle();
  }

  #settle(): void {
    if (!this.#realSide || !this.#shadowSide) return;
    const result = { ...this.#realSide, ...this.#shadowSide };
    // The caller's promise may keep this object alive: release both answers.
    this.#realSide = this.#shadowSide = undefined;
    this.request.comparisons.compare(this.request, result);
    this.#forget();
  }

  /** The caller's promise may keep this object alive for long, and with it the body. */
  #forget(): void {
    const { release, view, options } = this.request;
    release();
    this.request = { ...this.request, view: { ...view, body: undefined }, options: { ...options, body: undefined } };
  }
}
