/** One try of a call on one upstream. */

import { APIError, APIUserAbortError } from 'openai';
import { type Answer, type AttemptInput, NOTHING_KNOWN, reportEnd } from './attempt-types.ts';
import { classifyFailure } from '../resilience/failure.ts';
import { checkAnswer, type CheckedInput, rawAnswer, type Received, watchParsed } from './read-answer.ts';
import type { DoneMarkerDetector } from './stream/done-marker.ts';
import type { Parsed, ResponseProps } from './sdk/types.ts';

/** Sends the request and gives the answer; rejects with the SDK's own error, or with that of a stream that broke off. */
export async function attempt(input: AttemptInput): Promise<Answer> {
  let parsed: Parsed | undefined;
  let raw: Received | undefined;
  try {
    const sent = input.send(input.options, input.retries);
    const props = await sent.props;
    if (input.done && props) watchDone(props, input.done);
    const claimed = input.mode.chosen();
    if (claimed !== 'parsed') {
      const response = props?.response ?? (await sent.response());
      if (claimed instanceof Promise) await collectedLate(input, claimed);
      const kind = await claimed;
      if (kind === 'dropped') throw hangUp(response);
      if (kind === 'raw') raw = { sent, props, response };
    }
    if (!raw) parsed = props ? { data: await sent.dataOf(props), props } : await sent.parse();
  } catch (thrown) {
    throw failed(input, thrown);
  }
  input.onHeaders?.((raw ?? (parsed as Parsed).props).response.headers, false);
  const answer = raw ? rawAnswer(input, raw) : parsedAnswer(input, parsed as Parsed);
  // A promise that is returned as it is takes three turns of the queue.
  return answer instanceof Promise ? await answer : answer;
}

function parsedAnswer(input: AttemptInput, parsed: Parsed): Answer | Promise<Answer> {
  // What belongs to an account is not judged: nothing tells where its content begins, or whether it is complete.
  if (isChecked(input)) return checkAnswer(input, parsed);
  input.limit?.stopTimer();
  watchParsed(input, parsed.data);
  return { kind: 'parsed', data: parsed.data, props: parsed.props };
}

function isChecked(input: AttemptInput): input is CheckedInput {
  return input.surface !== 'other' && input.judge !== undefined;
}

/** Whoever could have read the answer is gone. */
function hangUp({ body }: Response): Error {
  body?.cancel().catch(() => undefined);
  return new APIUserAbortError();
}

/** The body is read by whoever parses `props`, and by nobody before. */
function watchDone(props: ResponseProps, done: DoneMarkerDetector): void {
  (props as { response: Response }).response = done.watch(props.response);
}

/** Tells the end of an attempt that brought no answer; gives the error that the caller should see. */
function failed(input: AttemptInput, thrown: unknown): unknown {
  const { limit, clock } = input;
  const expired = limit?.expired();
  const error = expired ?? thrown;
  if (input.onHeaders && thrown instanceof APIError && thrown.headers) input.onHeaders(thrown.headers, true);
  input.redact(error);
  const signal = expired ? undefined : input.options.signal;
  const failure = classifyFailure(error, { nowMs: clock.now(), signal });
  reportEnd(input, { ...NOTHING_KNOWN, failure, atMs: clock.now() });
  return error;
}

/** Time-outs do not count how long the caller takes to come. */
async function collectedLate(input: AttemptInput, claimed: Promise<unknown>): Promise<void> {
  const { clock, limit } = input;
  limit?.stopTimer();
  const sinceMs = clock.now();
  await claimed;
  limit?.restartTimer();
  input.lateMs = clock.now() - sinceMs;
}
