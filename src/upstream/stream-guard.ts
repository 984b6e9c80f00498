/** What a guarded stream is judged by. */

import { APIError, APIUserAbortError } from 'openai';
import type { AnswerJudge, AttemptInput } from './answer.ts';
import { ABORTED, FILTERED, TRUNCATED, classifyFailure, type Failure } from './failure.ts';
import type { StreamGuard } from './guarded-reader.ts';
import { IdleWatch } from './idle-watch.ts';
import type { StreamEnd } from './meter-stream.ts';
import { UpstreamTimeoutError } from './errors.ts';
import { usageAtEnd } from './usage-at-end.ts';
import { createStreamFacts } from './create-stream-facts.ts';
import { isUsageChunk, type StreamFacts } from './stream-facts.ts';

/** A guard that also knows whether the whole answer was filtered away. */
export interface JudgingGuard extends StreamGuard {
  /** The stream has ended before anything of it was given, and the provider had filtered it. */
  readonly isFilteredWhole: () => boolean;
}

/** How long a complete stream may take to end, in ms: the usage follows the last content in the same breath. */
const COMPLETE_GRACE_MS = 500;

/** How a stream ended: its failure, and the error that says so. */
interface Verdict {
  readonly failure: Failure | undefined;
  readonly error?: unknown;
}

export function createStreamGuard(input: AttemptInput, judge: AnswerJudge, controller: AbortController): JudgingGuard {
  const { surface, clock, hidesUsage, limit } = input;
  const { bufferBytes } = judge;
  const facts = createStreamFacts(surface);
  let firstChunkAtMs: number | undefined;
  let bytes = 0;
  let ended = false;
  let hurried = false;
  let idleError: Error | undefined;
  const idle = new IdleWatch(clock, judge.idleMs, () => {
    idleError = new UpstreamTimeoutError('idle', judge.idleMs);
    controller.abort();
  });
  return {
    idle,
    drains: judge.drains,
    see: (chunk) => {
      const knewId = facts.responseId;
      facts.see(chunk);
      input.witness?.chunk(chunk);
      if (facts.responseId !== undefined && facts.responseId !== knewId) input.onResponseId?.(facts.responseId);
      if (firstChunkAtMs === undefined && facts.hasContent) {
        firstChunkAtMs = clock.now();
        limit?.stopTimer();
        idle.begin();
      }
      // What is complete lacks at most its usage and its end: some providers keep the connection open instead.
      if (facts.complete && !hurried) {
        hurried = true;
        idle.hurry(COMPLETE_GRACE_MS);
      }
      if (bufferBytes !== undefined && bytes <= bufferBytes) bytes += JSON.stringify(chunk)?.length ?? 0;
    },
    hides: (chunk) => hidesUsage && (isUsageChunk(chunk) || withoutNullUsage(chunk)),
    isCommitted: () => (bufferBytes === undefined ? facts.hasContent : bytes > bufferBytes),
    isFilteredWhole: () => ended && facts.filtered,
    onEnd: (how, stage) => {
      ended = true;
      // What happens after the caller has left is nobody's failure.
      const expired = stage === 'left' ? undefined : (limit?.expired() ?? idleError);
      const { failure, error } = verdictOf(how, facts, expired, input);
      if (error !== undefined) input.redact(error);
      const { reportedUsd, model, brokenToolArguments } = facts;
      const { usage, usageEstimated } = usageAtEnd(input, facts, !failure && how.kind === 'done');
      const partial = facts.hasContent;
      input.onEnd({
        failure,
        atMs: clock.now(),
        firstChunkAtMs,
        usage,
        usageEstimated,
        partial,
        brokenToolArguments,
        reportedUsd,
        model,
      });
      if (!failure || failure === FILTERED) return undefined;
      // The SDK ends the stream of a caller that has left, silently.
      if (failure === ABORTED) return stage === 'held' ? error : undefined;
      const broken = { partialText: facts.text, usage, usageEstimated };
      return stage === 'held' && error !== undefined ? error : judge.interrupted(broken, error);
    },
  };
}

function verdictOf(how: StreamEnd, facts: StreamFacts, expired: Error | undefined, input: AttemptInput): Verdict {
  const complete = facts.complete && !facts.failed;
  if (expired && !complete) return { failure: classifyFailure(expired), error: expired };
  switch (how.kind) {
    case 'error':
      return { failure: classifyFailure(how.error, { nowMs: input.clock.now() }), error: how.error };
    case 'aborted':
      return complete ? { failure: undefined } : { failure: ABORTED, error: new APIUserAbortError() };
    case 'done':
      if (facts.failed) return failedByWord(facts);
      if (complete) return { failure: facts.filtered ? FILTERED : undefined };
      return { failure: TRUNCATED };
    default:
      return how satisfies never;
  }
}

/** `response.failed` and `finish_reason: "error"` are failures that the SDK does not throw. */
function failedByWord({ error }: StreamFacts): Verdict {
  const body =
    typeof error === 'object' && error !== null ? error : { message: 'The provider failed.', code: 'server_error' };
  const said = new APIError(undefined, body, undefined, undefined);
  return { failure: classifyFailure(said), error: said };
}

/** Providers put `usage: null` on every other chunk when they are asked for usage: who did not ask does not see it. */
function withoutNullUsage(chunk: unknown): false {
  if (typeof chunk === 'object' && chunk !== null && 'usage' in chunk && chunk.usage === null) delete chunk.usage;
  return false;
}
