/** One try of a call on one upstream. */

import { APIError, APIUserAbortError } from 'openai';
import { type Answer, type AttemptInput, NOTHING_KNOWN, reportEnd } from './attempt-types.ts';
import { classifyFailure } from '../resilience/failure.ts';
import { checkAnswer, type CheckedInput, rawAnswer, type Received, watchParsed } from './read-answer.ts';
import type { Parsed, ResponseProps } from './sdk/types.ts';

/**
 * Sends the request and returns the answer.
 *
 * @throws the SDK's own error, or that of a stream that broke off
 */
export async function attempt(input: AttemptInput): Promise<Answer> {
  let parsed: Parsed | undefined;
  let raw: Received | undefined;
  try {
    let sent = input.send(input.options, input.retries);
    let props: ResponseProps | undefined;
    try {
      props = await sent.props;
    } catch (refusal) {
      if (!input.removeRefused?.(refusal)) throw refusal;
      sent = input.send(input.options, input.retries);
      props = await sent.props;
    }
    if (props) responded(input, props.response);
    const mode = input.mode.chosen();
    if (mode !== 'parsed') {
      const response = props?.response ?? (await sent.response());
      if (!props) responded(input, response);
      if (mode instanceof Promise) await waitForCaller(input, mode);
      const kind = await mode;
      if (kind === 'dropped') throw cancelled(response);
      if (kind === 'raw') raw = { sent, props, response };
    }
    if (!raw) parsed = props ? { data: await sent.dataOf(props), props } : await sent.parse();
  } catch (thrown) {
    throw failed(input, thrown);
  }
  input.onHeaders?.((raw ?? (parsed as Parsed).props).response.headers, false);
  const answer = raw ? rawAnswer(input, raw) : parsedAnswer(input, parsed as Parsed);
  // Returning a promise from an async function takes three turns of the microtask queue. Awaiting it takes one.
  return answer instanceof Promise ? await answer : answer;
}

function parsedAnswer(input: AttemptInput, parsed: Parsed): Answer | Promise<Answer> {
  // Other surfaces are not checked: they do not show where content begins, or whether an answer is complete.
  if (isChecked(input)) return checkAnswer(input, parsed);
  input.limit?.stopTimer();
  watchParsed(input, parsed.data);
  return { kind: 'parsed', data: parsed.data, props: parsed.props };
}

function isChecked(input: AttemptInput): input is CheckedInput {
  return input.surface !== 'other' && input.judge !== undefined;
}

/** Closes a response that the caller can no longer read. */
function cancelled({ body }: Response): Error {
  body?.cancel().catch(() => undefined);
  return new APIUserAbortError();
}

/** The headers of the response have arrived. */
function responded({ limit, body }: AttemptInput, response: Response): void {
  limit?.headersArrived();
  body?.watch(response);
}

/** Reports the end of an attempt without an answer. Returns the error that the caller should see. */
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

/** Stops the time limit until the caller chooses how to read the answer, and notes the delay. */
async function waitForCaller(input: AttemptInput, mode: Promise<unknown>): Promise<void> {
  const { clock, limit } = input;
  limit?.stopTimer();
  const sinceMs = clock.now();
  await mode;
  limit?.restartTimer();
  input.lateMs = clock.now() - sinceMs;
}
