/** Learns usage, model and outcome from an answer while the caller reads it. */

import { fields } from '../domain/json.ts';
import { reportedCostOf } from '../pricing/usage.ts';
import { classifyFailure, type Failure, FILTERED, MALFORMED } from '../resilience/failure.ts';
import { hasBrokenToolArguments, isFiltered, malformation } from './answer-body.ts';
import { type Answer, type AnswerChecks, type AttemptInput, NOTHING_KNOWN, reportEnd } from './attempt-types.ts';
import { usageOfBody } from './final-usage.ts';
import type { PendingResponse } from './sdk/send.ts';
import { isStream, type Parsed, type ResponseProps, type StreamInternals } from './sdk/types.ts';
import { guardBody } from './stream/guard-body.ts';
import { guardStream, passStream } from './stream/guard-stream.ts';
import { CheckingGuard } from './stream/judging-guard.ts';
import { PassingGuard } from './stream/passing-guard.ts';

/** A parsed answer: a body is whole, a stream is watched in place. */
export function watchParsed(input: AttemptInput, data: unknown): void {
  if (isStream(data)) passStream(data, new PassingGuard(input));
  else endWithBody(input, data);
}

/** A raw body is the caller's to read: a copy of it tells the usage. */
function watchRawBody(input: AttemptInput, response: Response): void {
  void response
    .clone()
    .json()
    .then(
      (data) => endWithBody(input, data),
      (error: unknown) => endUnread(input, error),
    );
}

/** The attempt ended with a whole body, and with `failure` if that was no good. */
function endWithBody(input: AttemptInput, data: unknown, failure?: Failure): void {
  const { surface, clock } = input;
  const { id, model } = fields(data);
  if (surface === 'responses' && typeof id === 'string') input.onResponseId?.(id);
  input.witness?.body(data);
  const metered = surface !== 'other';
  reportEnd(input, {
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
  reportEnd(input, { ...NOTHING_KNOWN, failure, atMs: clock.now() });
}

/* PART: Judges an answer before the caller has it: a whole body by its structure, a stream by its first content and by its end. */

/** An attempt whose answer is judged. */
export type JudgedInput = AttemptInput & { judge(): AnswerChecks };

/**
 * @throws UnsatisfyingAnswer where another upstream may do better, and the error of a stream that ended before its first
 * content. The attempt's end has been told by then.
 */
export function checkAnswer(input: JudgedInput, parsed: Parsed): Answer | Promise<Answer> {
  const { data, props } = parsed;
  if (isStream(data)) return judgeStream(input, data, { kind: 'parsed', data, props });
  input.limit?.stopTimer();
  const failure = failureOfBody(input, data);
  endWithBody(input, data, failure);
  if (failure) throw new RejectedAnswer({ kind: 'parsed', data, props });
  return { kind: 'parsed', data, props };
}

async function judgeStream(input: JudgedInput, stream: StreamInternals, answer: Answer): Promise<Answer> {
  const guard = new CheckingGuard(input, input.judge(), stream.controller);
  await guardStream(stream, guard);
  if (guard.isFilteredWhole) throw new RejectedAnswer(answer);
  return answer;
}

function failureOfBody({ surface }: AttemptInput, data: unknown): Failure | undefined {
  if (malformation(surface, data)) return MALFORMED;
  return isFiltered(surface, data) ? FILTERED : undefined;
}

/* PART: The answer for a caller that wants the raw response. */

/** A response whose headers have come. */
export interface Received {
  readonly sent: PendingResponse;
  /** `undefined` where the SDK does not show them. */
  readonly props: ResponseProps | undefined;
  readonly response: Response;
}

/**
 * @throws UnsatisfyingAnswer where another upstream may do better, and the error of a stream that ended before its first
 * content. The attempt's end has been told by then.
 */
export async function rawAnswer(input: AttemptInput, received: Received): Promise<Answer> {
  const { sent, response } = received;
  const answer: Answer = { kind: 'raw', response, parse: () => sent.parse() };
  // As the SDK, which goes by what was asked for: some providers name their streams JSON.
  if (input.metersRaw && response.body && input.options.stream) return rawStream(input, received, response.body);
  input.limit?.stopTimer();
  if (input.metersRaw && response.body) watchRawBody(input, response);
  else reportEnd(input, { ...NOTHING_KNOWN, atMs: input.clock.now() });
  return answer;
}

async function rawStream(
  input: AttemptInput,
  { sent, props, response }: Received,
  body: ReadableStream<Uint8Array>,
): Promise<Answer> {
  const controller = props?.controller ?? new AbortController();
  // What belongs to an account is not judged: nothing tells where its content begins, or whether it is complete.
  const judge = input.surface === 'other' ? undefined : input.judge?.();
  if (!judge) input.limit?.stopTimer();
  const guard = judge ? new CheckingGuard(input, judge, controller) : new PassingGuard(input);
  const guarded = await guardBody(response, body, controller, guard, judge !== undefined);
  // A caller that asks for the parsed stream after all reads the same body, and under the same guard.
  if (props) (props as { response: Response }).response = guarded;
  const answer: Answer = { kind: 'raw', response: guarded, parse: () => sent.parse() };
  if (guard instanceof CheckingGuard && guard.isFilteredWhole) throw new RejectedAnswer(answer);
  return answer;
}

/* PART: An answer that another upstream may better. */

/** Thrown within a dispatch only: where nothing better is to be had, the caller gets the answer after all. */
export class RejectedAnswer extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super('The answer is not one that should be given while there is another upstream.');
    this.answer = answer;
  }
}
