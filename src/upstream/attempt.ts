/** One try of a call on one upstream. */

import { APIError, APIUserAbortError } from 'openai';
import { NOTHING_KNOWN, type Answer, type AttemptInput } from './answer.ts';
import { classifyFailure } from './failure.ts';
import { judgeAnswer } from './judge-answer.ts';
import { rawAnswer, type Received } from './raw-answer.ts';
import type { DoneWatch } from './done-watch.ts';
import { parse, propsOf, type Parsed, type ResponseProps } from './sdk.ts';
import { watchParsed } from './watch-answer.ts';

/** Sends the request and gives the answer; rejects with the SDK's own error, or with that of a stream that broke off. */
export async function attempt(given: AttemptInput): Promise<Answer> {
  let input = given;
  let parsed: Parsed | undefined;
  let raw: Received | undefined;
  try {
    const promise = input.send(input.options, input.retries);
    const props = await propsOf(promise);
    if (input.done && props) watchDone(props, input.done);
    const claimed = input.claim.made();
    if (claimed !== 'parsed') {
      const response = props?.response ?? (await promise.asResponse());
      if (claimed instanceof Promise) input = await collectedLate(input, claimed);
      const kind = await claimed;
      if (kind === 'dropped') throw hangUp(response);
      if (kind === 'raw') raw = { promise, props, response };
    }
    // `then()` gives a plain promise, which costs less to await than one of the SDK's kind.
    // oxlint-disable-next-line promise/valid-params
    if (!raw) parsed = props ? { data: await promise.then(), props } : await parse(promise);
  } catch (thrown) {
    throw failed(input, thrown);
  }
  input.onHeaders?.((raw ?? (parsed as Parsed).props).response.headers);
  // A promise that is returned as it is takes three turns of the queue.
  return await (raw ? rawAnswer(input, raw) : parsedAnswer(input, parsed as Parsed));
}

function parsedAnswer(input: AttemptInput, parsed: Parsed): Answer | Promise<Answer> {
  // What belongs to an account is not judged: nothing tells where its content begins, or whether it is complete.
  const judge = input.surface === 'other' ? undefined : input.judge;
  if (judge) return judgeAnswer(input, judge, parsed);
  input.limit?.stopTimer();
  watchParsed(input, parsed.data);
  return { kind: 'parsed', data: parsed.data, props: parsed.props };
}

/** Whoever could have read the answer is gone. */
function hangUp({ body }: Response): Error {
  body?.cancel().catch(() => undefined);
  return new APIUserAbortError();
}

/** The body is read by whoever parses `props`, and by nobody before. */
function watchDone(props: ResponseProps, done: DoneWatch): void {
  (props as { response: Response }).response = done.watch(props.response);
}

/** Tells the end of an attempt that brought no answer; gives the error that the caller should see. */
function failed(input: AttemptInput, thrown: unknown): unknown {
  const { limit, clock } = input;
  const expired = limit?.expired();
  const error = expired ?? thrown;
  if (input.onHeaders && thrown instanceof APIError && thrown.headers) input.onHeaders(thrown.headers);
  input.redact(error);
  const signal = expired ? undefined : input.options.signal;
  const failure = classifyFailure(error, { nowMs: clock.now(), signal });
  input.onEnd({ ...NOTHING_KNOWN, failure, atMs: clock.now() });
  return error;
}

/** A caller that comes late for its answer does not make the upstream slow: neither time-outs nor latency count its delay. */
async function collectedLate(input: AttemptInput, claimed: Promise<unknown>): Promise<AttemptInput> {
  const { clock, limit } = input;
  limit?.stopTimer();
  const sinceMs = clock.now();
  await claimed;
  limit?.restartTimer();
  const lateMs = clock.now() - sinceMs;
  const onEnd: AttemptInput['onEnd'] = (end) => {
    const firstChunkAtMs = end.firstChunkAtMs === undefined ? undefined : end.firstChunkAtMs - lateMs;
    input.onEnd({ ...end, atMs: end.atMs - lateMs, firstChunkAtMs });
  };
  return { ...input, onEnd };
}
