/** Reads an answer for the caller: checks it where checks are on, and learns its usage, model and outcome as it is read. */

import { fields, isRecord } from '../domain/json.ts';
import { reportedCostOf } from '../pricing/usage.ts';
import { classifyFailure, type Failure, FILTERED, MALFORMED, rejectedFor } from '../resilience/failure.ts';
import { hasBrokenToolArguments, isFiltered, malformation } from './answer-body.ts';
import {
  type Answer,
  type AnswerCheck,
  type AnswerChecks,
  type AttemptInput,
  NOTHING_KNOWN,
  reportEnd,
} from './attempt-types.ts';
import { usageAtEnd, usageOfBody } from './final-usage.ts';
import type { PendingResponse } from './sdk/send.ts';
import { isStream, type Parsed, type ResponseProps, type StreamInternals } from './sdk/types.ts';
import { guardBody } from './stream/guard-body.ts';
import { guardStream, passStream } from './stream/guard-stream.ts';
import { JoinedAnswer } from './stream/join-answer.ts';
import { chunksIn } from './stream/server-sent-events.ts';
import { createStreamFacts, type StreamFacts } from './stream/stream-facts.ts';
import { StreamGuard } from './stream/stream-guard.ts';

/** An attempt whose answer is checked. */
export type CheckedInput = AttemptInput & { judge(): AnswerChecks };

/** A response whose headers have arrived. */
export interface Received {
  readonly sent: PendingResponse;
  /** `undefined` where the SDK does not show them. */
  readonly props: ResponseProps | undefined;
  readonly response: Response;
}

/** Thrown within a dispatch only. If no other upstream has a better answer, the caller gets this one after all. */
export class RejectedAnswer extends Error {
  readonly answer: Answer;
  /** A caller can read it: it was filtered, or `accept` rejected it. Better than an error, whatever the reason. */
  readonly isReadable: boolean;

  constructor(answer: Answer, isReadable: boolean) {
    super('The answer should not be used while another upstream can serve the call.');
    this.answer = answer;
    this.isReadable = isReadable;
  }
}

/** A parsed answer without checks: a body is complete, a stream is watched while the caller reads it. */
export function watchParsed(input: AttemptInput, data: unknown): void {
  if (isStream(data)) passStream(data, new StreamGuard(input, undefined, data.controller));
  else endWithBody(input, data);
}

/**
 * Checks a parsed answer before the caller gets it: a body by its structure, a stream by its first content and, later, by its end.
 *
 * @throws RejectedAnswer where another upstream may do better, and the error of a stream that ended before its first content. The end
 * of the attempt is reported before either is thrown.
 */
export function checkAnswer(input: CheckedInput, parsed: Parsed): Answer | Promise<Answer> {
  const { data, props } = parsed;
  if (isStream(data)) return checkStream(input, data, { kind: 'parsed', data, props });
  input.limit?.stopTimer();
  const failure = failureOfBody(input, data);
  const answer: Answer = { kind: 'parsed', data, props };
  if (!failure && input.accept) return acceptBody(input, input.accept, answer);
  endWithBody(input, data, failure);
  if (failure) throw new RejectedAnswer(answer, failure === FILTERED);
  return answer;
}

async function acceptBody(
  input: CheckedInput,
  accept: AnswerCheck,
  answer: Extract<Answer, { kind: 'parsed' }>,
): Promise<Answer> {
  const { data } = answer;
  const joined = new JoinedAnswer(input.surface);
  joined.body(data);
  const failure = await rejectionOf(input, accept, joined.answer);
  endWithBody(input, data, failure);
  if (failure) throw new RejectedAnswer(answer, true);
  return answer;
}

/** Asks the user's check. The time that it takes is not the upstream's. */
async function rejectionOf(input: AttemptInput, accept: AnswerCheck, answer: unknown): Promise<Failure | undefined> {
  const sinceMs = input.clock.now();
  const reason = await accept(answer);
  input.acceptMs = input.clock.now() - sinceMs;
  return reason === undefined ? undefined : rejectedFor(reason);
}

async function checkStream(input: CheckedInput, stream: StreamInternals, answer: Answer): Promise<Answer> {
  const guard = new StreamGuard(input, input.judge(), stream.controller);
  await guardStream(stream, guard);
  return acceptStream(input, guard, answer);
}

/** A stream that was held back to its end is an answer that other upstreams may better. */
async function acceptStream(input: AttemptInput, guard: StreamGuard, answer: Answer): Promise<Answer> {
  if (guard.isFilteredWhole) throw new RejectedAnswer(answer, true);
  const joined = guard.unchecked;
  if (!joined || !input.accept) return answer;
  const failure = await rejectionOf(input, input.accept, joined.answer);
  guard.report(failure);
  if (failure) throw new RejectedAnswer(answer, true);
  return answer;
}

function failureOfBody({ surface }: AttemptInput, data: unknown): Failure | undefined {
  // The upstream would stream again, and be paid again.
  if (isStreamText(data)) return STREAMED;
  if (malformation(surface, data)) return isRecord(data) && !data['error'] ? UNUSABLE : MALFORMED;
  return isFiltered(surface, data) ? FILTERED : undefined;
}

/**
 * A body of another shape, without an error. It may have been paid for, and the SDK gives it to the caller: where no other upstream can
 * serve the call, it is not requested again.
 */
const UNUSABLE: Failure = { ...MALFORMED, retryAlone: false };

/** A call that is no stream was answered with one. */
const STREAMED: Failure = { ...MALFORMED, retrySame: false, retryAlone: false };

/** Whether the SDK gave the text of a stream as a body. */
function isStreamText(data: unknown): data is string {
  return typeof data === 'string' && chunksIn(data) !== undefined;
}

/**
 * The answer for a caller that asked for the raw response.
 *
 * @throws RejectedAnswer where another upstream may do better, and the error of a stream that ended before its first content. The end
 * of the attempt is reported before either is thrown.
 */
export async function rawAnswer(input: AttemptInput, received: Received): Promise<Answer> {
  const { sent, response } = received;
  const answer: Answer = { kind: 'raw', response, parse: () => sent.parse() };
  // The SDK, too, goes by the request and not by the content type: some providers send streams as JSON.
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
  // Other surfaces are not checked: their chunks do not show where content begins, or whether the stream is complete.
  const checks = input.surface === 'other' ? undefined : input.judge?.();
  if (!checks) input.limit?.stopTimer();
  const guard = new StreamGuard(input, checks, controller);
  const guarded = await guardBody(response, body, controller, guard, checks !== undefined);
  // A caller that asks for the parsed stream later reads the same body, under the same guard.
  if (props) (props as { response: Response }).response = guarded;
  const answer: Answer = { kind: 'raw', response: guarded, parse: () => sent.parse() };
  return acceptStream(input, guard, answer);
}

/** The caller reads the raw body, so the usage is read from a copy. */
function watchRawBody(input: AttemptInput, response: Response): void {
  void response
    .clone()
    .json()
    .then(
      (data) => endWithBody(input, data),
      (error: unknown) => endUnread(input, error),
    );
}

/** Ends the attempt with a whole body. `failure` is set where the checks rejected it. */
function endWithBody(input: AttemptInput, data: unknown, failure?: Failure): void {
  const { surface, clock } = input;
  if (typeof data === 'string' && surface !== 'other') {
    const facts = factsOfText(input, data);
    if (facts) return endWithStreamText(input, facts, failure);
  }
  const { id, model } = fields(data);
  if (surface === 'responses' && typeof id === 'string') input.onResponseId?.(id);
  input.witness?.body(data);
  const used = usageOfBody(input, data, failure);
  const metered = surface !== 'other' || (input.meter !== undefined && used.usage !== undefined);
  reportEnd(input, {
    failure,
    atMs: clock.now(),
    firstChunkAtMs: undefined,
    ...used,
    partial: false,
    brokenToolArguments: hasBrokenToolArguments(surface, data),
    reportedUsd: metered ? reportedCostOf(data) : undefined,
    model: typeof model === 'string' ? model : undefined,
  });
}

/** The facts of a stream whose text the SDK gave as a body: the answer was paid for. */
function factsOfText({ surface, options }: AttemptInput, text: string): StreamFacts | undefined {
  const chunks = chunksIn(text);
  if (!chunks) return undefined;
  const facts = createStreamFacts(surface, options.body);
  for (const chunk of chunks) facts.see(chunk);
  return facts;
}

function endWithStreamText(input: AttemptInput, facts: StreamFacts, failure: Failure | undefined): void {
  const { responseId, reportedUsd, model, brokenToolArguments } = facts;
  if (responseId !== undefined) input.onResponseId?.(responseId);
  reportEnd(input, {
    failure,
    atMs: input.clock.now(),
    firstChunkAtMs: undefined,
    ...usageAtEnd(input, facts, facts.complete),
    partial: false,
    brokenToolArguments,
    reportedUsd,
    model,
  });
}

/** A raw body that broke off fails for the caller as well. One that is not JSON may be what the caller expects. */
function endUnread(input: AttemptInput, error: unknown): void {
  const { clock, options } = input;
  const failure = error instanceof SyntaxError ? undefined : classifyFailure(error, { signal: options.signal });
  reportEnd(input, { ...NOTHING_KNOWN, failure, atMs: clock.now() });
}
