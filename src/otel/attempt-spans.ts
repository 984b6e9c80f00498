/** The spans of attempts. Requests run in their context, so that the span of an instrumented `fetch` becomes their child. */

import { type Attributes, type Context, context, type Span, SpanKind, trace, type Tracer } from '@opentelemetry/api';
import type { AttemptRecord, AttemptTrace, TracedAttempt } from '../index.ts';
import type { AnswerFacts } from './answer-facts.ts';
import { attemptEndAttributes, endSpan, errorOf } from './record-attributes.ts';

/** Receives the end of an attempt, and what was read of its answer. */
export type AttemptEnded = (record: AttemptRecord, answer: AnswerFacts | undefined) => void;

/** What an attempt has of its call. */
interface AttemptSurroundings {
  readonly parent: Context;
  readonly attributes: Attributes;
  /** Reads the answer, if the span is recorded. */
  readonly answer: AnswerFacts;
  readonly ended: AttemptEnded;
}

/** Starts the span of an attempt, named for its kind and its upstream: `fallback gemini`. */
export function startAttemptSpan(
  tracer: Tracer,
  { reason, upstream }: TracedAttempt,
  { parent, attributes, answer, ended }: AttemptSurroundings,
): AttemptTrace {
  const name = `${NAMES[reason]} ${upstream}`;
  const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent);
  const own = trace.setSpan(parent, span);
  return span.isRecording() ? new RecordedAttempt(span, own, answer, ended) : new UnsampledAttempt(own, ended);
}

const NAMES: Readonly<Record<TracedAttempt['reason'], string>> = {
  first: 'attempt',
  retry: 'retry',
  fallback: 'fallback',
  hedge: 'hedge',
  shadow: 'shadow',
  probe: 'probe',
};

/** An attempt without a span. Its request still runs in the context of the call, so that the decision not to sample is passed on. */
export class UnsampledAttempt implements AttemptTrace {
  readonly #context: Context | undefined;
  readonly #ended: AttemptEnded;

  /** @param callContext `undefined` without a tracer */
  constructor(callContext: Context | undefined, ended: AttemptEnded) {
    this.#context = callContext;
    this.#ended = ended;
  }

  run<T>(send: () => T): T {
    return this.#context === undefined ? send() : context.with(this.#context, send);
  }

  hold(): void {
    // Only spans have an end.
  }

  end(record: AttemptRecord): void {
    this.#ended(record, undefined);
  }
}

class RecordedAttempt implements AttemptTrace {
  readonly reader: AnswerFacts;
  readonly #span: Span;
  readonly #context: Context;
  readonly #ended: AttemptEnded;
  /** When an attempt ended whose outcome was not known then. */
  #heldAtMs: number | undefined;

  constructor(span: Span, ownContext: Context, reader: AnswerFacts, ended: AttemptEnded) {
    this.#span = span;
    this.#context = ownContext;
    this.reader = reader;
    this.#ended = ended;
  }

  run<T>(send: () => T): T {
    return context.with(this.#context, send);
  }

  hold(): void {
    this.#heldAtMs = Date.now();
  }

  end(record: AttemptRecord): void {
    this.#ended(record, this.reader);
    endSpan(this.#span, attemptEndAttributes(record), errorOf(record), this.#heldAtMs);
  }
}
