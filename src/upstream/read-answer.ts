/** Learns usage, model and outcome from an answer while the caller reads it. */

import { fields } from '../domain/json.ts';
import { reportedCostOf } from '../pricing/reported-cost.ts';
import { NOTHING_KNOWN, type AttemptInput } from './attempt-types.ts';
import { hasBrokenToolArguments } from './answer-body.ts';
import { classifyFailure, type Failure } from '../resilience/failure.ts';
import { passStream } from './stream/guard-stream.ts';
import { PassingGuard } from './stream/passing-guard.ts';
import { isStream } from './sdk/sdk-stream.ts';
import { tellEnd } from './tell-end.ts';
import { usageOfBody } from './final-usage.ts';

/** A parsed answer: a body is whole, a stream is watched in place. */
export function watchParsed(input: AttemptInput, data: unknown): void {
  if (isStream(data)) passStream(data, new PassingGuard(input));
  else endWithBody(input, data);
}

/** A raw body is the caller's to read: a copy of it tells the usage. */
export function watchRawBody(input: AttemptInput, response: Response): void {
  void response
    .clone()
    .json()
    .then(
      (data) => endWithBody(input, data),
      (error: unknown) => endUnread(input, error),
    );
}

/** The attempt ended with a whole body, and with `failure` if that was no good. */
export function endWithBody(input: AttemptInput, data: unknown, failure?: Failure): void {
  const { surface, clock } = input;
  const { id, model } = fields(data);
  if (surface === 'responses' && typeof id === 'string') input.onResponseId?.(id);
  input.witness?.body(data);
  const metered = surface !== 'other';
  tellEnd(input, {
    failure,
    atMs: clock.now(),
    firstChunkAtMs: undefined,
    ...usageOfBody(input, data, failure),
    partial: false,
    brokenToolArguments: hasBrokenToolArguments(surface, data),
    reportedUsd: metered ? reportedCostOf(data) : undefined,
    model: typeof model === 'string' ? model : undefined,
  });
}

/** A raw body that broke off fails for the caller as well; one that is no JSON may be what the caller expects. */
function endUnread(input: AttemptInput, error: unknown): void {
  const { clock, options } = input;
  const failure = error instanceof SyntaxError ? undefined : classifyFailure(error, { signal: options.signal });
  tellEnd(input, { ...NOTHING_KNOWN, failure, atMs: clock.now() });
}
