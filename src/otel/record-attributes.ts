/** The attributes that spans get from the records of attempts and calls. */

import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import type { AttemptRecord, CallRecord, TracedAttempt } from '../index.ts';
import type { AnswerFacts } from './answer-facts.ts';
import { ATTRIBUTES, OWN } from './semconv.ts';

/** The attempt whose answer the caller got, or else the last. */
export interface Served {
  readonly record: AttemptRecord;
  readonly endpoint: Attributes;
  readonly answer: AnswerFacts | undefined;
}

/** What is known of an attempt when it begins. */
export function attemptAttributes({ upstream, index, reason, model, from }: TracedAttempt): Attributes {
  return {
    [OWN.upstream]: upstream,
    [OWN.attemptKind]: reason,
    ...(reason !== 'shadow' && { [OWN.attemptNumber]: index + 1 }),
    ...(model !== undefined && { [ATTRIBUTES.requestModel]: model }),
    ...(reason === 'fallback' && from && { [OWN.fallbackFrom]: from.upstream, [OWN.fallbackReason]: from.reason }),
    ...(reason === 'hedge' && from && { [OWN.hedgeOf]: from.upstream }),
  };
}

/** What is known of an attempt when it has ended. Tokens have names of our own here: sums over the conventions' names would count those of the call twice. */
export function attemptEndAttributes({ outcome, model, status, usage, cost, firstChunkMs }: AttemptRecord): Attributes {
  return {
    [OWN.outcome]: outcome,
    ...(model !== undefined && { [ATTRIBUTES.responseModel]: model }),
    ...(status !== undefined && { [ATTRIBUTES.httpStatus]: status }),
    ...(usage && { [OWN.inputTokens]: usage.inputTokens, [OWN.outputTokens]: usage.outputTokens }),
    ...(cost.costUsd !== null && { [OWN.costUsd]: cost.costUsd }),
    ...(firstChunkMs !== undefined && { [ATTRIBUTES.timeToFirstChunk]: firstChunkMs / 1_000 }),
  };
}

/** What is known of a call when it is over. */
export function callAttributes(call: CallRecord, served: Served | undefined): Attributes {
  const { upstream, outcome, attempts, costUsd, firstChunkMs, cached } = call;
  const { record, answer } = served ?? {};
  const { usage, model } = record ?? {};
  const reasons = answer?.finishReasons ?? [];
  return {
    [OWN.upstream]: upstream,
    [OWN.outcome]: outcome,
    [OWN.attempts]: attempts,
    ...(cached && { [OWN.cached]: true }),
    ...(costUsd !== null && { [OWN.costUsd]: costUsd }),
    ...(firstChunkMs !== undefined && { [ATTRIBUTES.timeToFirstChunk]: firstChunkMs / 1_000 }),
    ...(model !== undefined && { [ATTRIBUTES.responseModel]: model }),
    ...(answer?.id !== undefined && { [ATTRIBUTES.responseId]: answer.id }),
    ...(reasons.length > 0 && { [ATTRIBUTES.finishReasons]: reasons }),
    ...(usage && {
      [ATTRIBUTES.inputTokens]: usage.inputTokens,
      [ATTRIBUTES.outputTokens]: usage.outputTokens,
      ...(usage.cachedInputTokens > 0 && { [ATTRIBUTES.cachedInputTokens]: usage.cachedInputTokens }),
      ...(usage.reasoningTokens > 0 && { [ATTRIBUTES.reasoningTokens]: usage.reasoningTokens }),
      ...(usage.cacheWriteTokens && { [ATTRIBUTES.cacheWriteTokens]: usage.cacheWriteTokens }),
    }),
  };
}

/** The value of `error.type`. A caller that leaves a stream or aborts a call makes no error. */
export function errorOf({ outcome, kind }: Pick<CallRecord, 'outcome' | 'kind'>): string | undefined {
  return outcome === 'success' || outcome === 'aborted' ? undefined : (kind ?? '_OTHER');
}

/** Ends a span, at `atMs` or now. The message of an error may quote the request, so the status has its kind only. */
export function endSpan(span: Span, attributes: Attributes, error: string | undefined, atMs?: number): void {
  if (error !== undefined) {
    span.setAttribute(ATTRIBUTES.errorType, error);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error });
  }
  span.setAttributes(attributes);
  span.end(atMs);
}
