/** One try of a call on one upstream. */

import type { APIPromise } from 'openai';
import { NOTHING_KNOWN, type Answer, type AttemptInput } from './answer.ts';
import { classifyFailure } from './failure.ts';
import { parse } from './sdk.ts';
import { watchParsed, watchParsedToo, watchRaw } from './watch-answer.ts';

/** Sends the request and gives the answer; rejects with the SDK's own error. */
export async function attempt(input: AttemptInput): Promise<Answer> {
  const { claim, limit, clock } = input;
  try {
    const promise = input.send(input.options, input.retries);
    if (claim.made() !== 'parsed') {
      const response = await promise.asResponse();
      const claimed = claim.made();
      // A caller that comes late for its answer does not make the upstream slow.
      if (claimed instanceof Promise) limit?.stopTimer();
      if ((await claimed) === 'raw') return rawAnswer(input, promise, response);
    }
    const parsed = await parse(promise);
    limit?.stopTimer();
    watchParsed(input, parsed.data);
    return { kind: 'parsed', ...parsed };
  } catch (thrown) {
    const expired = limit?.expired();
    const error = expired ?? thrown;
    input.redact(error);
    const signal = expired ? undefined : input.options.signal;
    const failure = classifyFailure(error, { nowMs: clock.now(), signal });
    input.onEnd({ ...NOTHING_KNOWN, failure, atMs: clock.now() });
    throw error;
  }
}

function rawAnswer(input: AttemptInput, promise: APIPromise<unknown>, response: Response): Answer {
  input.limit?.stopTimer();
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
