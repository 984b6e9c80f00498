/** Watches one stream: learns its usage and outcome from the chunks, and decides what the caller may see of it. */

import { APIError, APIUserAbortError } from 'openai';
import { UpstreamTimeoutError } from '../../domain/errors.ts';
import { ABORTED, FILTERED, MALFORMED, TRUNCATED, classifyFailure, type Failure } from '../../resilience/failure.ts';
import { type AnswerChecks, type AttemptInput, reportEnd } from '../attempt-types.ts';
import { usageAtEnd, type UsageAtEnd } from '../final-usage.ts';
import type { AbandonedStreams } from './abandoned-streams.ts';
import type { BodyObserver } from './body-watch.ts';
import type { ReaderGuard, StreamEnd, StreamStage } from './guarded-reader.ts';
import { JoinedAnswer } from './join-answer.ts';
import { SilenceLimit } from './silence-limit.ts';
import { createStreamFacts, isUsageChunk, type StreamFacts } from './stream-facts.ts';

/**
 * How long the upstream may send nothing after every choice has finished, in ms. Usage and annotations follow the finish, and some
 * upstreams keep the connection open instead of ending the stream.
 */
const FINISHED_SILENCE_MS = 15_000;

/** How long a stream that its caller has left may send nothing, in ms. */
const DRAIN_SILENCE_MS = 30_000;

/** How a stream ended: its failure, and the error to throw for it. */
interface Verdict {
  readonly failure: Failure | undefined;
  readonly error?: unknown;
}

/**
 * With `checks`, holds the stream back until the first sign of an answer if another upstream could take over, and turns an end that is not
 * one into an error. Without `checks`, the stream passes as it comes and is only measured.
 */
export class StreamGuard implements ReaderGuard, BodyObserver {
  readonly silence: SilenceLimit | undefined;
  readonly hungry: Promise<undefined> | undefined;
  readonly drains: boolean;
  readonly openReaders: AbandonedStreams | undefined;
  readonly #input: AttemptInput;
  readonly #checks: AnswerChecks | undefined;
  readonly #facts: StreamFacts;
  /** The answer for `accept`. */
  readonly #joined: JoinedAnswer | undefined;
  /** A whole answer that was held back, and is not reported before `accept` has checked it. */
  #unreported: UsageAtEnd | undefined;
  #firstChunkAtMs: number | undefined;
  /** Counted only where the checks limit a buffer. */
  #bytes = 0;
  #ended = false;
  #isDraining = false;
  /** Silence has lasted too long. */
  #silenceError: Error | undefined;

  /** `controller` ends the stream. */
  constructor(input: AttemptInput, checks: AnswerChecks | undefined, controller: AbortController) {
    this.#input = input;
    this.#checks = checks;
    this.#facts = createStreamFacts(input.surface, input.options.body);
    this.openReaders = input.openReaders;
    this.drains = checks?.drains ?? false;
    this.#joined = checks && input.accept ? new JoinedAnswer(input.surface) : undefined;
    if (!checks) return;
    this.silence = new SilenceLimit(input.clock, checks.firstChunkMs, (limitMs) => {
      this.#silenceError = new UpstreamTimeoutError(this.#facts.hasContent ? 'idle' : 'firstChunk', limitMs);
      controller.abort();
    });
    const { body } = input;
    if (!body) return;
    body.observer = this;
    // `prime` of a stream that is not held back ends with the first bytes, also if these are a comment.
    if (!checks.holds) this.hungry = body.hungry();
  }

  bytesRead(): void {
    this.silence?.alive();
  }

  doneRead(): void {
    if (this.#checks) this.silence?.allow(this.#silenceLimitMs(this.#checks));
  }

  see(chunk: unknown): void {
    const facts = this.#facts;
    const { hasContent, responseId } = facts;
    this.#input.witness?.chunk(chunk);
    facts.see(chunk);
    this.#joined?.chunk(chunk);
    if (facts.responseId !== responseId && facts.responseId !== undefined) {
      this.#input.onResponseId?.(facts.responseId);
    }
    if (facts.hasContent && !hasContent) this.#contentBegan();
    const checks = this.#checks;
    if (!checks) return;
    this.silence?.allow(this.#silenceLimitMs(checks));
    const { bufferBytes } = checks;
    if (bufferBytes !== undefined && this.#bytes <= bufferBytes) this.#bytes += JSON.stringify(chunk)?.length ?? 0;
  }

  /** Hides the usage chunk that we requested and the caller did not. */
  hides(chunk: unknown): boolean {
    if (!this.#input.hidesUsage) return false;
    if (isUsageChunk(chunk)) return true;
    if (this.#checks) removeNullUsage(chunk);
    return false;
  }

  /** A failure that the provider reported is no answer: it is read to its end, so that the call can be retried. */
  get holds(): boolean {
    return this.#checks !== undefined && (this.#checks.holds || this.#facts.failed);
  }

  /** A buffered stream is committed when the buffer is full, any other at the first sign of an answer. */
  isCommitted(): boolean {
    if (!this.#checks) return true;
    const { bufferBytes } = this.#checks;
    return bufferBytes === undefined ? this.#facts.hasContent : this.#bytes > bufferBytes;
  }

  /** The stream ended before the caller got any of it, and the provider filtered it. */
  get isFilteredWhole(): boolean {
    return this.#checks !== undefined && this.#ended && this.#facts.filtered;
  }

  /** An answer that ended well while it was held back, and waits for `accept`. Then `report` is to be called. */
  get unchecked(): JoinedAnswer | undefined {
    return this.#unreported && this.#joined;
  }

  report(failure: Failure | undefined): void {
    if (this.#unreported) this.#report(failure, this.#unreported);
    this.#unreported = undefined;
  }

  /** We ended the stream after it was complete. */
  get wasCutWhole(): boolean {
    return this.#checks !== undefined && this.#expired !== undefined && this.#isWhole;
  }

  onEnd(how: StreamEnd, stage: StreamStage): unknown {
    this.#ended = true;
    if (this.#input.body) this.#input.body.observer = undefined;
    return this.#checks ? this.#endChecked(how, stage, this.#checks) : this.#endUnchecked(how);
  }

  limitDrain(): void {
    this.#isDraining = true;
    if (this.#checks) this.silence?.allow(this.#silenceLimitMs(this.#checks));
  }

  #contentBegan(): void {
    const { clock, limit } = this.#input;
    this.#firstChunkAtMs = clock.now();
    if (this.#checks) limit?.stopTimer();
  }

  #silenceLimitMs({ firstChunkMs, idleMs }: AnswerChecks): number {
    const limitMs = Math.min(
      this.#facts.hasContent ? idleMs : firstChunkMs,
      this.#isDraining ? DRAIN_SILENCE_MS : Infinity,
    );
    const mayEnd = this.#facts.mayEnd || this.#input.body?.doneSeen === true;
    return mayEnd ? Math.min(limitMs, FINISHED_SILENCE_MS) : limitMs;
  }

  #endChecked(how: StreamEnd, stage: StreamStage, checks: AnswerChecks): unknown {
    const { failure, error } = this.#verdictOf(how, stage);
    // A caller that leaves has not read what arrived before `[DONE]`: the reason may be there.
    const isRead = how.kind !== 'aborted';
    if (isRead && !failure && !this.#facts.complete && this.#endsWithDone) checks.onMissingFinishReason?.();
    if (error !== undefined) this.#input.redact(error);
    const used = usageAtEnd(this.#input, this.#facts, !failure && how.kind === 'done');
    if (!failure && stage === 'held' && this.#joined) this.#unreported = used;
    else this.#report(failure, used);
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

  /** Nothing of the answer is missing: each choice has finished, or the provider sent `[DONE]`. */
  get #isWhole(): boolean {
    const { failed, complete, usage } = this.#facts;
    if (failed) return false;
    return complete || (this.#input.body?.watches ? this.#endsWithDone : !this.#checks && usage !== undefined);
  }

  /** The provider sent `[DONE]` without a `finish_reason`. An answer that has not even begun is one only if no other can be had. */
  get #endsWithDone(): boolean {
    if (this.#input.body?.doneSeen !== true || this.#checks?.needsFinishReason) return false;
    return this.#facts.hasBegun || !this.holds;
  }

  get #expired(): Error | undefined {
    return this.#input.limit?.expired() ?? this.#silenceError;
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
        const failure = classifyFailure(error, { nowMs: this.#input.clock.now() });
        // The SDK could not read the stream, for example a response without a body.
        return { failure: failure.outcome === 'neutral' && failure.kind === undefined ? MALFORMED : failure, error };
      }
      case 'aborted': {
        // `[DONE]` may have arrived with the first bytes. A caller that left before the first content has not got the answer.
        const isServed = isWhole && (facts.complete || facts.hasContent || expired !== undefined);
        return isServed ? { failure: undefined } : { failure: ABORTED, error: new APIUserAbortError() };
      }
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
