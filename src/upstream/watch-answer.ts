/** Learns usage, model and outcome from an answer while the caller reads it. */

import { reportedCostOf } from '../pricing/reported-cost.ts';
import { NOTHING_KNOWN, type AttemptInput } from './answer.ts';
import { ABORTED, TRUNCATED, classifyFailure, type Failure } from './failure.ts';
import { hasBrokenToolArguments } from './check-structure.ts';
import { meterRawStream } from './meter-raw-stream.ts';
import { isStream, meterStream, type StreamEnd, type StreamWatch } from './meter-stream.ts';
import { createStreamFacts } from './create-stream-facts.ts';
import { isUsageChunk } from './stream-facts.ts';
import { usageAtEnd, usageOfBody } from './usage-at-end.ts';

/** A parsed answer: a body is whole, a stream is watched in place. */
export function watchParsed(input: AttemptInput, data: unknown): void {
  if (isStream(data)) meterStream(data, streamWatch(input));
  else endWithBody(input, data);
}

/** The parsed stream of a caller that had the raw answer first, and has not read it: both have one body. */
export function watchParsedToo(input: AttemptInput, response: Response, data: unknown): void {
  if (input.metersRaw && !response.bodyUsed && isStream(data)) watchParsed(input, data);
}

/** A raw answer is the caller's to read. A copy of it tells the usage, for a stream what passes by. */
export function watchRaw(input: AttemptInput, response: Response): Response {
  if (!input.metersRaw || !response.body) {
    input.onEnd({ ...NOTHING_KNOWN, atMs: input.clock.now() });
    return response;
  }
  // As the SDK, which goes by what was asked for: some providers name their streams JSON.
  if (input.options.stream) {
    return meterRawStream(response, streamWatch(input));
  }
  void response
    .clone()
    .json()
    .then(
      (data) => endWithBody(input, data),
      (error: unknown) => endUnread(input, error),
    );
  return response;
}

/** The attempt ended with a whole body, and with `failure` if that was no good. */
export function endWithBody(input: AttemptInput, data: unknown, failure?: Failure): void {
  const { surface, clock } = input;
  input.witness?.body(data);
  const responseId = surface === 'responses' ? stringField(data, 'id') : undefined;
  if (responseId !== undefined) input.onResponseId?.(responseId);
  const metered = surface !== 'other';
  input.onEnd({
    failure,
    atMs: clock.now(),
    firstChunkAtMs: undefined,
    ...usageOfBody(input, data, failure),
    partial: false,
    brokenToolArguments: hasBrokenToolArguments(surface, data),
    reportedUsd: metered ? reportedCostOf(data) : undefined,
    model: stringField(data, 'model'),
  });
}

/** A raw body that broke off fails for the caller as well; one that is no JSON may be what the caller expects. */
function endUnread({ clock, options, onEnd }: AttemptInput, error: unknown): void {
  const failure = error instanceof SyntaxError ? undefined : classifyFailure(error, { signal: options.signal });
  onEnd({ ...NOTHING_KNOWN, failure, atMs: clock.now() });
}

function streamWatch(input: AttemptInput): StreamWatch {
  const { surface, clock, hidesUsage } = input;
  const facts = createStreamFacts(surface);
  let firstChunkAtMs: number | undefined;
  return {
    onChunk: (chunk) => {
      const knewId = facts.responseId;
      facts.see(chunk);
      input.witness?.chunk(chunk);
      if (facts.responseId !== undefined && facts.responseId !== knewId) input.onResponseId?.(facts.responseId);
      if (firstChunkAtMs === undefined && facts.hasContent) firstChunkAtMs = clock.now();
      return hidesUsage && isUsageChunk(chunk);
    },
    onEnd: (how) => {
      if (how.kind === 'error') input.redact(how.error);
      const { reportedUsd, model, hasContent: partial } = facts;
      // What completes a stream is known for the surfaces that can move; others end when they end.
      const complete = surface === 'other' || (facts.complete && !facts.failed);
      const failure = failureOf(how, complete, input.options.signal);
      // Without a `canary` option nothing is guessed, and what broke off raw may have told its usage in what we did not read.
      const used = usageAtEnd(input, facts, how.kind !== 'aborted' || !input.metersRaw);
      input.onEnd({ failure, atMs: clock.now(), firstChunkAtMs, ...used, partial, reportedUsd, model });
    },
  };
}

function failureOf(how: StreamEnd, complete: boolean, signal: AbortSignal | null | undefined): Failure | undefined {
  switch (how.kind) {
    case 'error':
      return classifyFailure(how.error, { signal });
    case 'aborted':
      return complete ? undefined : ABORTED;
    case 'done':
      return complete ? undefined : TRUNCATED;
    default:
      return how satisfies never;
  }
}

function stringField(data: unknown, name: 'id' | 'model'): string | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const value: unknown = (data as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}
