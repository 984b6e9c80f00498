/** Learns from a stream what it tells while it passes. */

import { type AttemptInput, reportEnd } from '../attempt-types.ts';
import { createStreamFacts, isUsageChunk, type StreamFacts } from './stream-facts.ts';
import type { Failure } from '../../resilience/failure.ts';
import type { StreamGuard } from './guard.ts';
import type { UsageAtEnd } from '../final-usage.ts';

/** What guards of all kinds see and tell. */
export abstract class StreamMeter {
  protected readonly input: AttemptInput;
  protected readonly facts: StreamFacts;
  #firstChunkAtMs: number | undefined;

  constructor(input: AttemptInput) {
    this.input = input;
    this.facts = createStreamFacts(input.surface);
  }

  get openReaders(): StreamGuard['openReaders'] {
    return this.input.openReaders;
  }

  see(chunk: unknown): void {
    const { facts, input } = this;
    const { hasContent, responseId } = facts;
    input.witness?.chunk(chunk);
    facts.see(chunk);
    if (facts.responseId !== responseId && facts.responseId !== undefined) input.onResponseId?.(facts.responseId);
    if (facts.hasContent && !hasContent) {
      this.#firstChunkAtMs = input.clock.now();
      this.contentBegan();
    }
  }

  /** The usage that we asked for is not the caller's to see. */
  hides(chunk: unknown): boolean {
    return this.input.hidesUsage && isUsageChunk(chunk);
  }

  /** Whether nothing of the answer is missing. */
  protected get isWhole(): boolean {
    const { facts, input } = this;
    if (facts.failed) return false;
    return facts.complete || (facts.hasContent && input.done?.seen === true);
  }

  protected contentBegan(): void {
    // Most have nothing to do then.
  }

  protected tell(failure: Failure | undefined, { usage, usageEstimated }: UsageAtEnd): void {
    const { facts, input } = this;
    reportEnd(input, {
      failure,
      atMs: input.clock.now(),
      firstChunkAtMs: this.#firstChunkAtMs,
      usage,
      usageEstimated,
      partial: facts.hasContent,
      brokenToolArguments: facts.brokenToolArguments,
      reportedUsd: facts.reportedUsd,
      model: facts.model,
    });
  }
}
