/** A call that is mirrored: reads its real answer beside the caller, for the copies to be compared with. */

import type { AttemptRecord, Outcome } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { ReadAnswer, ShadowAnswer, ShadowCall } from '../domain/shadow.ts';
import type { TimeLimit } from '../resilience/time-limit.ts';
import type { AnswerReader } from '../upstream/attempt-types.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { AnswerReading } from './compare/read-answer.ts';
import type { CopyConnection } from './send-copy.ts';
import type { ShadowTarget } from './shadow-target.ts';

export class MirroredCall {
  readonly #call: Call;
  readonly #copies: readonly Copy[];
  /** By the index of the attempt. */
  readonly #readings = new Map<number, AnswerReading>();

  constructor(call: Call, copies: readonly Copy[]) {
    this.#call = call;
    this.#copies = copies;
  }

  /** Reads what an attempt of the call brings. */
  witness(attemptIndex: number): AnswerReader {
    const reading = new AnswerReading(this.#call.surface);
    this.#readings.set(attemptIndex, reading);
    return reading;
  }

  /** The call is over: `served` is the attempt whose answer the caller has. */
  over(outcome: Outcome, served: AttemptRecord | undefined): void {
    const reading = served && this.#readings.get(served.index);
    const real = outcome === 'success' && reading ? shadowAnswer(reading.answer, served) : undefined;
    this.#readings.clear();
    for (const copy of this.#copies) copy.callIsOver(outcome, served?.upstream, real);
  }
}

/** What was read, and what it took. */
export function shadowAnswer(answer: ReadAnswer, record: AttemptRecord): ShadowAnswer {
  const { upstream, model, latencyMs, firstChunkMs, cost } = record;
  return { ...answer, upstream, model, latencyMs, firstChunkMs, costUsd: cost.costUsd };
}

/* PART: One copy of a call, from the choice to mirror it until both answers are there. */

/** The application's side of a call, as far as a copy needs it. */
export interface MirrorSource {
  readonly options: RequestOptions;
  readonly connect: (upstream: Upstream) => CopyConnection;
}

/** What a copy is of, and where it goes. */
export interface CopyOf {
  readonly call: Call;
  /** The call as users see it. */
  readonly view: ShadowCall;
  readonly target: ShadowTarget;
  readonly upstream: Upstream;
  readonly options: RequestOptions;
  readonly connect: MirrorSource['connect'];
  /** Of the call. */
  readonly ledger: { shadow(record: AttemptRecord): void };
  readonly abortWithCaller: boolean;
  /** Told once, when both sides have ended. */
  readonly onBoth: { compare(of: CopyOf, both: BothEnded): void };
}

/** Both sides of a mirrored call; an answer is missing where that side brought none. */
export interface BothEnded {
  readonly record: AttemptRecord;
  readonly servedBy: string | undefined;
  readonly real: ShadowAnswer | undefined;
  readonly shadow: ShadowAnswer | undefined;
}

/** Whichever side ends first waits for the other: the copy by its time-out, the call as long as its caller reads it. */
export class Copy {
  readonly of: CopyOf;
  #limit: TimeLimit | undefined;
  #given = true;
  #realSide: Pick<BothEnded, 'servedBy' | 'real'> | undefined;
  #shadowSide: Pick<BothEnded, 'record' | 'shadow'> | undefined;

  constructor(of: CopyOf) {
    this.of = of;
  }

  /** Nobody wants it any more; it is not sent. */
  get isGivenUp(): boolean {
    return !this.#given;
  }

  sentUnder(limit: TimeLimit): void {
    this.#limit = limit;
  }

  /** Ends the copy, wherever it is. */
  giveUp(): void {
    this.#given = false;
    this.#limit?.abort();
  }

  callIsOver(outcome: Outcome, servedBy: string | undefined, real: ShadowAnswer | undefined): void {
    // After a fallback both answers may be of one upstream: that compares nothing.
    this.#realSide = { servedBy, real: servedBy === this.of.upstream.name ? undefined : real };
    if (outcome === 'aborted' && this.of.abortWithCaller) this.giveUp();
    this.#settle();
  }

  ended(record: AttemptRecord, shadow: ShadowAnswer | undefined): void {
    this.#limit = undefined;
    this.#shadowSide = { record, shadow };
    this.of.ledger.shadow(record);
    this.#settle();
  }

  #settle(): void {
    if (!this.#realSide || !this.#shadowSide) return;
    const both = { ...this.#realSide, ...this.#shadowSide };
    // The caller's promise may hold on to the call: not to both answers.
    this.#realSide = this.#shadowSide = undefined;
    this.of.onBoth.compare(this.of, both);
  }
}
