/** A mirrored call and its copies: collects both answers, and passes them on to be compared once both sides have ended. */

import type { AttemptRecord, Outcome } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { CopyDrop, MirroredEnd, ReadAnswer, ShadowAnswer, ShadowCall } from '../domain/shadow.ts';
import type { CallTrace } from '../domain/trace.ts';
import type { TimeLimit } from '../resilience/time-limit.ts';
import type { AnswerReader } from '../upstream/attempt-types.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { AnswerCollector } from './compare/read-answer.ts';
import type { ShadowObserver } from './shadow-services.ts';
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

  /** Called when the call has ended; `served` is the attempt whose answer the caller received, `first` the one that copies compare with. */
  over(outcome: Outcome, served: AttemptRecord | undefined, first: AttemptRecord | undefined): void {
    const collector = served && this.#collectors.get(served.index);
    const real = outcome === 'success' && collector ? shadowAnswer(collector.answer, served) : undefined;
    this.#collectors.clear();
    for (const copy of this.#copies) copy.realEnded(outcome, { servedBy: served?.upstream, real, first });
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
  /** Follows the call that is copied. */
  readonly trace: CallTrace | undefined;
  /** Records the copy's attempt in the ledger of the call. */
  readonly ledger: { shadow(record: AttemptRecord): void };
  readonly abortWithCaller: boolean;
  /** What rollouts keep of the copy. */
  readonly judged: unknown;
  readonly observer: Pick<ShadowObserver, 'paired' | 'dropped'>;
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
  /** The first attempt of the call. */
  readonly first: AttemptRecord | undefined;
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
  #realSide: Pick<MirroredResult, 'servedBy' | 'real' | 'first'> | undefined;
  #shadowSide: Pick<MirroredResult, 'record' | 'shadow'> | 'breaker' | 'pause' | 'down' | undefined;

  constructor(request: CopyRequest) {
    this.request = request;
  }

  /** Whether the copy was cancelled; it must not be sent. */
  get isCancelled(): boolean {
    return this.#cancelled;
  }

  /** The copy is not sent: its body is not needed any more. A reason that speaks against the upstream waits for the end of the call. */
  dropped(reason?: CopyDrop): void {
    const { judged, observer } = this.request;
    if (reason === 'breaker' || reason === 'pause' || reason === 'down') {
      this.#shadowSide = reason;
      this.#settle();
    } else if (reason) observer.dropped(judged, reason);
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

  realEnded(outcome: Outcome, { real, ...side }: Pick<MirroredResult, 'servedBy' | 'real' | 'first'>): void {
    // After a fallback both answers may come from the same upstream: there is nothing to compare.
    this.#realSide = { ...side, real: side.servedBy === this.request.upstream.name ? undefined : real };
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
    const { judged, observer, comparisons, call } = this.request;
    const [side, ended] = [this.#realSide, this.#shadowSide];
    // The caller's promise may keep this object alive: release both answers.
    this.#realSide = this.#shadowSide = undefined;
    const shadow = typeof ended === 'string' ? undefined : ended.shadow;
    const copy = typeof ended === 'string' ? ended : ended.record;
    observer.paired(judged, { copy, real: side.first, stream: call.stream, empty: emptySide(side.real, shadow) });
    if (typeof ended !== 'string') comparisons.compare(this.request, { ...side, ...ended });
    this.#forget();
  }

  /** The caller's promise may keep this object alive for long, and with it the body. */
  #forget(): void {
    const { release, view, options } = this.request;
    release();
    this.request = { ...this.request, view: { ...view, body: undefined }, options: { ...options, body: undefined } };
  }
}

/** The side whose answer has no content, if the other one's has. */
function emptySide(real: ShadowAnswer | undefined, shadow: ShadowAnswer | undefined): MirroredEnd['empty'] {
  if (!real || !shadow || hasContent(real) === hasContent(shadow)) return undefined;
  return hasContent(real) ? 'copy' : 'real';
}

function hasContent({ text, toolCalls, refused }: ReadAnswer): boolean {
  return refused || toolCalls.length > 0 || text.trim() !== '';
}
