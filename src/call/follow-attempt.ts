/** Lets the trace of a call follow an attempt: its request is sent in the context of the trace, and its answer is read by it. */

import type { AttemptOrigin, AttemptTrace, CallTrace } from '../domain/trace.ts';
import type { AnswerReader } from '../upstream/attempt-types.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import type { SendRequest } from '../upstream/sdk/send.ts';
import type { StartedAttempt } from '../upstream/upstream-costs.ts';

/** An attempt as it is sent. */
export interface FollowedAttempt {
  readonly send: SendRequest;
  readonly witness: AnswerReader | undefined;
}

/** Begins the trace of `started`, which ends with it. Called only for calls that are traced. */
export function followAttempt(
  trace: CallTrace,
  started: StartedAttempt,
  { client, send }: Pick<UpstreamConnection, 'client' | 'send'>,
  witness: AnswerReader | undefined,
  from?: AttemptOrigin,
): FollowedAttempt {
  const { upstream, index, reason, model } = started;
  const attempt = trace.attempt({ upstream, index, reason, model, baseURL: client.baseURL, from });
  if (!attempt) return { send, witness };
  started.trace = attempt;
  return { send: sendIn(attempt, send), witness: withReader(witness, attempt.reader) };
}

function sendIn(trace: AttemptTrace, send: SendRequest): SendRequest {
  return (options, retries) => trace.run(() => send(options, retries));
}

function withReader(witness: AnswerReader | undefined, reader: AnswerReader | undefined): AnswerReader | undefined {
  return witness && reader ? bothReaders(witness, reader) : (witness ?? reader);
}

/** Lets two readers read one answer. */
export function bothReaders(one: AnswerReader, other: AnswerReader): AnswerReader {
  return {
    chunk(chunk) {
      one.chunk(chunk);
      other.chunk(chunk);
    },
    body(body) {
      one.body(body);
      other.body(body);
    },
  };
}
