/** Watches one stream: learns its usage and outcome from the chunks, and decides what the caller may see of it. */

import { APIError, APIUserAbortError } from 'openai';
import { UpstreamTimeoutError } from '../../domain/errors.ts';
import { ABORTED, FILTERED, TRUNCATED, classifyFailure, type Failure } from '../../resilience/failure.ts';
import { type AnswerChecks, type AttemptInput, reportEnd } from '../attempt-types.ts';
import { usageAtEnd, type UsageAtEnd } from '../final-usage.ts';
import type { AbandonedStreams } from './abandoned-streams.ts';
import type { ReaderGuard, StreamEnd, StreamStage } from './guarded-reader.ts';
import { IdleTimeout } from './idle-timeout.ts';
import { createStreamFacts, isUsageChunk, type StreamFacts } from './stream-facts.ts';

/** How long a complete stream may take to end, in ms. The usage follows the last content at once. */
const COMPLETE_GRACE_MS = 500;

/** How a stream ended: its failure, and the error to throw for it. */
interface Verdict {
  readonly failure: Failure | undefined;
  readonly error?: unknown;
}

/**
 * With `checks`, holds the stream back until its first content, and turns an end that is not one into an error. Without `checks`, the
 * stream passes as it comes and is only measured.
 */
export class StreamGuard implements ReaderGuard {
  readonly idle: IdleTimeout | undefined;
  readonly drains: boolean;
  readonly openReaders: AbandonedStreams | undefined;
  readonly #input: AttemptInput;
  readonly #checks: AnswerChecks | undefined;
  readonly #facts: StreamFacts;
  #firstChunkAtMs: number | undefined;
  /** Counted only where the checks limit a buffer. */
  #bytes = 0;
  #ended = false;
  #idleShortened = false;
  #idleError: Error | undefined;

  /** `controller` ends the stream. */
  constructor(input: AttemptInput, checks: AnswerChecks | undefined, controller: AbortController) {
    this.#input = input;
    this.#checks = checks;
    this.#facts = createStreamFacts(input.surface);
    this.openReaders = input.openReaders;
    this.drains = checks?.drains ?? false;
    if (!checks) return;
    this.idle = new IdleTimeout(input.clock, checks.idleMs, () => {
      this.#idleError = new UpstreamTimeoutError('idle', checks.idleMs);
      controller.abort();
    });
    if (input.done) input.done.onSeen = () => this.#shortenIdle();
  }

  see(chunk: unknown): void {
    const facts = this.#facts;
    const { hasContent, responseId } = facts;
    this.#input.witness?.chunk(chunk);
    facts.see(chunk);
    if (facts.responseId !== responseId && facts.responseId !== undefined) {
      this.#input.onResponseId?.(facts.responseId);
    }
    if (facts.hasContent && !hasContent) this.#contentBegan();
    if (this.#checks) this.#check(chunk, this.#checks);
  }

  /** Hides the usage chunk that we requested and the caller did not. */
  hides(chunk: unknown): boolean {
    if (!this.#input.hidesUsage) return false;
    if (isUsageChunk(chunk)) return true;
    if (this.#checks) removeNullUsage(chunk);
    return false;
  }

  /** A buffered stream is committed when the buffer is full, any other at its first content. */
  isCommitted(): boolean {
    if (!this.#checks) return true;
    const { bufferBytes } = this.#checks;
    return bufferBytes === undefined ? this.#facts.hasContent : this.#bytes > bufferBytes;
  }

  /** The stream ended before the caller got any of it, and the provider filtered it. */
  get isFilteredWhole(): boolean {
    return this.#checks !== undefined && this.#ended && this.#facts.filtered;
  }

  /** We ended the stream after it was complete. */
  get wasCutWhole(): boolean {
    return this.#checks !== undefined && this.#expired !== undefined && this.#isWhole;
  }

  onEnd(how: StreamEnd, stage: StreamStage): unknown {
    this.#ended = true;
    return this.#checks ? this.#endChecked(how, stage, this.#checks) : this.#endUnchecked(how);
  }

  #contentBegan(): void {
    const { clock, limit } = this.#input;
    this.#firstChunkAtMs = clock.now();
    if (!this.#checks) return;
    limit?.stopTimer();
    this.idle?.begin();
  }

  #check(chunk: unknown, { bufferBytes }: AnswerChecks): void {
    if (this.#facts.complete) this.#shortenIdle();
    if (bufferBytes !== undefined && this.#bytes <= bufferBytes) this.#bytes += JSON.stringify(chunk)?.length ?? 0;
  }

  /** A complete stream lacks at most its usage and its end. Some providers keep the connection open instead of ending it. */
  #shortenIdle(): void {
    if (this.#idleShortened) return;
    this.#idleShortened = true;
    this.idle?.shorten(COMPLETE_GRACE_MS);
  }

  #endChecked(how: StreamEnd, stage: StreamStage, checks: AnswerChecks): unknown {
    const { failure, error } = this.#verdictOf(how, stage);
    if (error !== undefined) this.#input.redact(error);
    const used = usageAtEnd(this.#input, this.#facts, !failure && how.kind === 'done');
    this.#report(failure, used);
    if (!failure || failure === FILTERED) return undefined;
    // When the caller has left, the SDK ends the stream without an error.
    if (failure === ABORTED) return stage === 'held' ? error : undefined;
    if (stage === 'held' && error !== undefined) return error;
    return checks.interrupted({ partialText: this.#facts.text, ...used }, error);
  }

  #endUnchecked(how: StreamEnd): undefined {
    const input = this.#input;
    if (how.kind === 'error') input.redact(how.error);
    // Without a `canary` option no usage is estimated.
    const used = usageAtEnd(input, this.#facts, how.kind !== 'aborted' || !input.metersRaw);
    this.#report(this.#uncheckedFailureOf(how), used);
  }

  #report(failure: Failure | undefined, { usage, usageEstimated }: UsageAtEnd): void {
    const facts = this.#facts;
    reportEnd(this.#input, {
      failure,
      atMs: this.#input.clock.now(),
      firstChunkAtMs: this.#firstChunkAtMs,
      usage,
      usageEstimated,
      partial: facts.hasContent,
      brokenToolArguments: facts.brokenToolArguments,
      reportedUsd: facts.reportedUsd,
      model: facts.model,
    });
  }

  /** Nothing of the answer is missing. */
  get #isWhole(): boolean {
    const { failed, complete, hasContent } = this.#facts;
    if (failed) return false;
    return complete || (hasContent && this.#input.done?.seen === true);
  }

  get #expired(): Error | undefined {
    return this.#input.limit?.expired() ?? this.#idleError;
  }

  #verdictOf(how: StreamEnd, stage: StreamStage): Verdict {
    const facts = this.#facts;
    const isWhole = this.#isWhole;
    const expired = stage === 'left' ? undefined : this.#expired;
    if (expired && !isWhole) return { failure: classifyFailure(expired), error: expired };
    // If we ended the stream after it was complete, the error that follows is ours.
    const kind = expired && how.kind === 'error' ? 'aborted' : how.kind;
    switch (kind) {
      case 'error': {
        const { error } = how as { readonly error: unknown };
        return { failure: classifyFailure(error, { nowMs: this.#input.clock.now() }), error };
      }
      case 'aborted':
        return isWhole ? { failure: undefined } : { failure: ABORTED, error: new APIUserAbortError() };
      case 'done':
        if (facts.failed) return failedVerdict(facts);
        return { failure: !isWhole ? TRUNCATED : facts.filtered ? FILTERED : undefined };
      default:
        return kind satisfies never;
    }
  }

  #uncheckedFailureOf(how: StreamEnd): Failure | undefined {
    // Only streams of portable surfaces show whether they are complete.
    const isWhole = this.#input.surface === 'other' || this.#isWhole;
    switch (how.kind) {
      case 'error':
        return classifyFailure(how.error, { signal: this.#input.options.signal });
      case 'aborted':
        return isWhole ? undefined : ABORTED;
      case 'done':
        return isWhole ? undefined : TRUNCATED;
      default:
        return how satisfies never;
    }
  }
}

/** The SDK does not throw for `response.failed` and `finish_reason: "error"`. */
function failedVerdict({ error }: StreamFacts): Verdict {
  const body =
    typeof error === 'object' && error !== null ? error : { message: 'The provider failed.', code: 'server_error' };
  const thrown = new APIError(undefined, body, undefined, undefined);
  return { failure: classifyFailure(thrown), error: thrown };
}

/** When usage is requested, providers put `usage: null` on every other chunk. A caller that did not request usage must not see it. */
function removeNullUsage(chunk: unknown): void {
  if (typeof chunk === 'object' && chunk !== null && 'usage' in chunk && chunk.usage === null) delete chunk.usage;
}
