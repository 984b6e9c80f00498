/** A call that is mirrored: reads its real answer beside the caller, for the copies to be compared with. */

import type { AttemptRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { ReadAnswer, ShadowAnswer } from '../domain/shadow.ts';
import type { AnswerWitness } from '../upstream/attempt-types.ts';
import { AnswerReading } from './compare/read-answer.ts';
import type { Copy } from './copy.ts';

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
  witness(attemptIndex: number): AnswerWitness {
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
