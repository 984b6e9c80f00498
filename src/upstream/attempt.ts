/** One try of a call on one upstream. */

import { APIError, type APIPromise } from 'openai';
import { NOTHING_KNOWN, type Answer, type AttemptInput } from './answer.ts';
import { classifyFailure } from './failure.ts';
import { judgeAnswer } from './judge-answer.ts';
import { parse, propsOf } from './sdk.ts';
import { watchParsed, watchParsedToo, watchRaw } from './watch-answer.ts';

/** Sends the request and gives the answer; rejects with the SDK's own error, or with that of a stream that broke off. */
export async function attempt(given: AttemptInput): Promise<Answer> {
  let input = given;
  let answer: Answer | undefined;
  try {
    const promise = input.send(input.options, input.retries);
    const props = await propsOf(promise);
    const claimed = input.claim.made();
    if (claimed !== 'parsed') {
      const response = props?.response ?? (await promise.asResponse());
      if (claimed instanceof Promise) input = await collectedLate(input, claimed);
      if ((await claimed) === 'raw') answer = rawAnswer(input, promise, response);
    }
    // `then()` gives a plain promise, which costs less to await than one of the SDK's kind.
    // oxlint-disable-next-line promise/valid-params
    answer ??= { kind: 'parsed', ...(props ? { data: await promise.then(), props } : await parse(promise)) };
  } catch (thrown) {
    throw failed(input, thrown);
  }
  input.onHeaders?.(answer.kind === 'parsed' ? answer.props.response.headers : answer.response.headers);
  // What belongs to an account is not judged: nothing tells where its content begins, or whether it is complete.
  const judge = input.surface === 'other' ? undefined : input.judge;
  if (answer.kind === 'parsed' && judge) return judgeAnswer(input, judge, answer);
  input.limit?.stopTimer();
  if (answer.kind === 'parsed') watchParsed(input, answer.data);
  return answer;
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

function rawAnswer(input: AttemptInput, promise: APIPromise<unknown>, response: Response): Answer {
  let ended = false;
  // The raw stream and the parsed one read the same body: whichever ends first tells.
  const onEnd: AttemptInput['onEnd'] = (end) => {
    if (!ended) input.onEnd(end);
    ended = true;
  };
  const watched = { ...input, onEnd };
  return {
    kind: 'raw',
    response: watchRaw(watched, response),
    parse: async () => {
      const parsed = await parse(promise);
      watchParsedToo(watched, response, parsed.data);
      return parsed;
    },
  };
}
