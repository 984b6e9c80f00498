/** Spans of calls and attempts, in the contexts of their callers. */

import { type Attributes, type Context, context, type Span, SpanKind, trace } from '@opentelemetry/api';
import type {
  AttemptRecord,
  AttemptTrace,
  CallRecord,
  CallTrace,
  CallTracer,
  TracedAttempt,
  TracedCall,
  TracedPlan,
} from '../index.ts';
import { AnswerFacts } from './answer-facts.ts';
import { startAttemptSpan, UnsampledAttempt } from './attempt-spans.ts';
import { inputMessages, messagesJson } from './content.ts';
import { type Endpoints, operationOf, requestAttributes } from './describe.ts';
import type { GenAiMetrics } from './gen-ai-metrics.ts';
import type { OpenCalls } from './open-calls.ts';
import type { OtelSettings } from './options.ts';
import { attemptAttributes, callAttributes, endSpan, errorOf, type Served } from './record-attributes.ts';
import type { RolloutSteps } from './rollout-steps.ts';
import { ATTRIBUTES, FOREIGN_MARKS, OWN } from './semconv.ts';

/** What the spans of all calls share. */
export interface SpanServices {
  readonly settings: OtelSettings;
  readonly endpoints: Endpoints;
  readonly rollouts: RolloutSteps;
  readonly openCalls: OpenCalls;
  /** `undefined` without a meter, or if the options leave them out. */
  readonly metrics: GenAiMetrics | undefined;
}

export class SpanTracer implements CallTracer {
  readonly #services: SpanServices;

  constructor(services: SpanServices) {
    this.#services = services;
  }

  begin(call: TracedCall): CallTrace | undefined {
    const operation = operationOf(call);
    return operation === undefined ? undefined : new FollowedCall(operation, call, this.#services);
  }
}

class FollowedCall implements CallTrace {
  readonly #services: SpanServices;
  readonly #operation: string;
  /** The context of the attempts: that of the call's own span, or else that of the caller. */
  readonly #context: Context;
  /** `undefined` without a tracer, or within the span of another instrumentation. */
  readonly #span: Span | undefined;
  /** The call was not sampled. */
  readonly #isDropped: boolean;
  #planned: Attributes = {};
  #served: Served | undefined;
  #leave: (() => void) | undefined;

  constructor(operation: string, call: TracedCall, services: SpanServices) {
    const { settings, openCalls } = services;
    this.#services = services;
    this.#operation = operation;
    const active = context.active();
    const span = startCallSpan(operation, call, active, settings);
    this.#span = span;
    this.#context = span ? trace.setSpan(active, span) : active;
    this.#isDropped = settings.tracer === undefined || span?.isRecording() === false;
    if (!span || this.#isDropped) return;
    if (settings.capturesContent) captureInput(span, call.body);
    this.#leave = openCalls.add(() => this.#finish(span, { [OWN.unfinished]: true }));
  }

  planned({ assigned, stable, reason }: TracedPlan): void {
    if (this.#isDropped) return;
    this.#planned = {
      [OWN.side]: assigned === stable ? 'stable' : 'canary',
      [OWN.assigned]: assigned,
      [OWN.routeReason]: reason,
      ...this.#services.rollouts.of(assigned),
    };
    this.#span?.setAttributes(this.#planned);
  }

  attempt(attempt: TracedAttempt): AttemptTrace {
    const { settings, endpoints, metrics } = this.#services;
    const endpoint = endpoints.of(attempt.baseURL);
    const isFirst = attempt.index === 0 && attempt.reason !== 'shadow';
    if (isFirst && !this.#isDropped) this.#span?.setAttributes(endpoint);
    const ended = (record: AttemptRecord, answer: AnswerFacts | undefined): void => {
      metrics?.attempt(this.#operation, endpoint, record);
      // An answer counts more than the end of a hedge that was cancelled for it.
      const isBetter = record.outcome === 'success' || this.#served?.record.outcome !== 'success';
      if (record.reason !== 'shadow' && isBetter) this.#served = { record, endpoint, answer };
    };
    if (!settings.tracer) return new UnsampledAttempt(undefined, ended);
    if (this.#isDropped) return new UnsampledAttempt(this.#context, ended);
    const answer = new AnswerFacts(settings.capturesContent && this.#span !== undefined);
    const attributes = { ...this.#planned, ...attemptAttributes(attempt), ...endpoint };
    return startAttemptSpan(settings.tracer, attempt, { parent: this.#context, attributes, answer, ended });
  }

  end(record: CallRecord): void {
    const served = this.#served;
    this.#services.metrics?.call(this.#operation, served?.endpoint, record, served?.record);
    if (!this.#span || this.#isDropped) return;
    if (served?.answer) captureOutput(this.#span, served.answer);
    this.#finish(this.#span, { ...served?.endpoint, ...callAttributes(record, served) }, errorOf(record));
  }

  fail(error: unknown): void {
    if (!this.#span || this.#isDropped) return;
    this.#finish(this.#span, {}, error instanceof Error ? error.constructor.name : '_OTHER');
  }

  #finish(span: Span, attributes: Attributes, error?: string): void {
    // A call that was given up as unfinished may still end.
    if (!this.#leave) return;
    this.#leave();
    this.#leave = undefined;
    endSpan(span, attributes, error);
  }
}

/** `undefined` where the call should have no span of its own. */
function startCallSpan(
  operation: string,
  call: TracedCall,
  active: Context,
  { tracer, callSpans }: OtelSettings,
): Span | undefined {
  if (!tracer || callSpans === false || (callSpans === 'auto' && isCovered(active, operation))) return undefined;
  const name = call.model === undefined ? operation : `${operation} ${call.model}`;
  return tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes: requestAttributes(operation, call) }, active);
}

/** Whether the active span is that of an instrumentation for the same call. The spans of the SDK for Node show their attributes. */
function isCovered(active: Context, operation: string): boolean {
  const span = trace.getSpan(active) as { readonly attributes?: Attributes } | undefined;
  const attributes = span?.attributes;
  if (!attributes) return false;
  if (attributes[ATTRIBUTES.operation] === operation) return true;
  return FOREIGN_MARKS.some(([name, value]) => {
    const found = attributes[name];
    return value === undefined ? found !== undefined : typeof found === 'string' && value.test(found);
  });
}

function captureInput(span: Span, body: unknown): void {
  const { system, messages } = inputMessages(body);
  if (messages.length > 0) span.setAttribute(ATTRIBUTES.inputMessages, messagesJson(messages));
  const [instructions] = system.length > 0 ? [messagesJson([{ role: 'system', parts: system }])] : [];
  if (instructions !== undefined) span.setAttribute(ATTRIBUTES.systemInstructions, instructions);
}

function captureOutput(span: Span, answer: AnswerFacts): void {
  const { messages } = answer;
  if (messages.length > 0) span.setAttribute(ATTRIBUTES.outputMessages, messagesJson(messages));
}
