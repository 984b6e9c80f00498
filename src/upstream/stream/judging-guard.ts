/** What a guarded stream is judged by. */

import { APIError, APIUserAbortError } from 'openai';
import type { AnswerChecks, AttemptInput } from '../attempt-types.ts';
import { UpstreamTimeoutError } from '../../domain/errors.ts';
import { ABORTED, FILTERED, TRUNCATED, classifyFailure, type Failure } from '../../resilience/failure.ts';
import type { StreamEnd, StreamGuard, StreamStage } from './guard.ts';
import { IdleTimeout } from './idle-timeout.ts';
import { StreamMeter } from './stream-meter.ts';
import type { StreamFacts } from './stream-facts.ts';
import { usageAtEnd } from '../final-usage.ts';

/** How long a complete stream may take to end, in ms: the usage follows the last content in the same breath. */
const COMPLETE_GRACE_MS = 500;

/** How a stream ended: its failure, and the error that says so. */
interface Verdict {
  readonly failure: Failure | undefined;
  readonly error?: unknown;
}

/** Lets nothing pass before the first content, and no end that is none. */
export class CheckingGuard extends StreamMeter implements StreamGuard {
  readonly idle: IdleTimeout;
  readonly drains: boolean;
  readonly #judge: AnswerChecks;
  #bytes = 0;
  #ended = false;
  #hurried = false;
  #idleError: Error | undefined;

  /** `controller` ends the stream. */
  constructor(input: AttemptInput, judge: AnswerChecks, controller: AbortController) {
    super(input);
    this.#judge = judge;
    this.drains = judge.drains;
    this.idle = new IdleTimeout(input.clock, judge.idleMs, () => {
      this.#idleError = new UpstreamTimeoutError('idle', judge.idleMs);
      controller.abort();
    });
    if (input.done) input.done.onSeen = () => this.#hurry();
  }

  override see(chunk: unknown): void {
    super.see(chunk);
    if (this.facts.complete) this.#hurry();
    const { bufferBytes } = this.#judge;
    if (bufferBytes !== undefined && this.#bytes <= bufferBytes) this.#bytes += JSON.stringify(chunk)?.length ?? 0;
  }

  override hides(chunk: unknown): boolean {
    return this.input.hidesUsage && (super.hides(chunk) || withoutNullUsage(chunk));
  }

  /** A buffered stream is given when it has ended, or can be held back no longer. */
  isCommitted(): boolean {
    const { bufferBytes } = this.#judge;
    return bufferBytes === undefined ? this.facts.hasContent : this.#bytes > bufferBytes;
  }

  /** The stream has ended before anything of it was given, and the provider had filtered it. */
  get isFilteredWhole(): boolean {
    return this.#ended && this.facts.filtered;
  }

  /** It was we who ended the stream, and nothing of it was missing. */
  get wasCutWhole(): boolean {
    return this.#expired !== undefined && this.isWhole;
  }

  onEnd(how: StreamEnd, stage: StreamStage): unknown {
    this.#ended = true;
    const { input, facts } = this;
    const { failure, error } = this.#verdictOf(how, stage);
    if (error !== undefined) input.redact(error);
    const used = usageAtEnd(input, facts, !failure && how.kind === 'done');
    this.tell(failure, used);
    if (!failure || failure === FILTERED) return undefined;
    // The SDK ends the stream of a caller that has left, silently.
    if (failure === ABORTED) return stage === 'held' ? error : undefined;
    return stage === 'held' && error !== undefined
      ? error
      : this.#judge.interrupted({ partialText: facts.text, ...used }, error);
  }

  protected override contentBegan(): void {
    this.input.limit?.stopTimer();
    this.idle.begin();
  }

  /** What is complete lacks at most its usage and its end: some providers keep the connection open instead. */
  #hurry(): void {
    if (this.#hurried) return;
    this.#hurried = true;
    this.idle.shorten(COMPLETE_GRACE_MS);
  }

  get #expired(): Error | undefined {
    return this.input.limit?.expired() ?? this.#idleError;
  }

  #verdictOf(how: StreamEnd, stage: StreamStage): Verdict {
    const { input, facts, isWhole } = this;
    const expired = stage === 'left' ? undefined : this.#expired;
    if (expired && !isWhole) return { failure: classifyFailure(expired), error: expired };
    // What broke off because we ended it, when nothing was missing any more, is no error.
    const kind = expired && how.kind === 'error' ? 'aborted' : how.kind;
    switch (kind) {
      case 'error': {
        const { error } = how as { readonly error: unknown };
        return { failure: classifyFailure(error, { nowMs: input.clock.now() }), error };
      }
      case 'aborted':
        return isWhole ? { failure: undefined } : { failure: ABORTED, error: new APIUserAbortError() };
      case 'done':
        if (facts.failed) return failedByWord(facts);
        return { failure: !isWhole ? TRUNCATED : facts.filtered ? FILTERED : undefined };
      default:
        return kind satisfies never;
    }
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
