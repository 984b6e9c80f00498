/** Judges an answer before the caller has it: a whole body by its structure, a stream by its first content and by its end. */

import type { Answer, AnswerJudge, AttemptInput } from './attempt-types.ts';
import { isFiltered, malformation } from './answer-body.ts';
import { FILTERED, MALFORMED, type Failure } from '../resilience/failure.ts';
import { guardStream } from './stream/guard-stream.ts';
import type { Parsed } from './sdk/types.ts';
import { isStream, type StreamInternals } from './sdk/sdk-stream.ts';
import { JudgingGuard } from './stream/judging-guard.ts';
import { UnsatisfyingAnswer } from './unsatisfying-answer.ts';
import { endWithBody } from './read-answer.ts';

/** An attempt whose answer is judged. */
export type JudgedInput = AttemptInput & { judge(): AnswerJudge };

/**
 * @throws UnsatisfyingAnswer where another upstream may do better, and the error of a stream that ended before its first
 * content. The attempt's end has been told by then.
 */
export function judgeAnswer(input: JudgedInput, parsed: Parsed): Answer | Promise<Answer> {
  const { data, props } = parsed;
  if (isStream(data)) return judgeStream(input, data, { kind: 'parsed', data, props });
  input.limit?.stopTimer();
  const failure = failureOfBody(input, data);
  endWithBody(input, data, failure);
  if (failure) throw new UnsatisfyingAnswer({ kind: 'parsed', data, props });
  return { kind: 'parsed', data, props };
}

async function judgeStream(input: JudgedInput, stream: StreamInternals, answer: Answer): Promise<Answer> {
  const guard = new JudgingGuard(input, input.judge(), stream.controller);
  await guardStream(stream, guard);
  if (guard.isFilteredWhole) throw new UnsatisfyingAnswer(answer);
  return answer;
}

function failureOfBody({ surface }: AttemptInput, data: unknown): Failure | undefined {
  if (malformation(surface, data)) return MALFORMED;
  return isFiltered(surface, data) ? FILTERED : undefined;
}
