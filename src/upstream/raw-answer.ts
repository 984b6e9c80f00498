/** The answer for a caller that wants the raw response. */

import { NOTHING_KNOWN, type Answer, type AttemptInput } from './attempt-types.ts';
import { guardBody } from './stream/guard-body.ts';
import { PassingGuard } from './stream/passing-guard.ts';
import type { ResponseProps } from './sdk/types.ts';
import type { Sent } from './sdk/sent.ts';
import { JudgingGuard } from './stream/judging-guard.ts';
import { tellEnd } from './tell-end.ts';
import { UnsatisfyingAnswer } from './unsatisfying-answer.ts';
import { watchRawBody } from './read-answer.ts';

/** A response whose headers have come. */
export interface Received {
  readonly sent: Sent;
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
  else tellEnd(input, { ...NOTHING_KNOWN, atMs: input.clock.now() });
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
  const guard = judge ? new JudgingGuard(input, judge, controller) : new PassingGuard(input);
  const guarded = await guardBody(response, body, controller, guard, judge !== undefined);
  // A caller that asks for the parsed stream after all reads the same body, and under the same guard.
  if (props) (props as { response: Response }).response = guarded;
  const answer: Answer = { kind: 'raw', response: guarded, parse: () => sent.parse() };
  if (guard instanceof JudgingGuard && guard.isFilteredWhole) throw new UnsatisfyingAnswer(answer);
  return answer;
}
