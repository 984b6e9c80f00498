/** Judges an answer before the caller has it: a whole body by its structure, a stream by its first content and by its end. */

import type { Answer, AnswerJudge, AttemptInput } from './answer.ts';
import { isFiltered, malformation } from './check-structure.ts';
import { FILTERED, MALFORMED, type Failure } from './failure.ts';
import { guardStream } from './guard-stream.ts';
import type { Parsed } from './sdk.ts';
import { isStream } from './sdk-stream.ts';
import { JudgingGuard } from './stream-guard.ts';
import { UnsatisfyingAnswer } from './unsatisfying-answer.ts';
import { endWithBody } from './watch-answer.ts';

/**
 * @throws UnsatisfyingAnswer where another upstream may do better, and the error of a stream that ended before its first
 * content. The attempt's end has been told by then.
 */
export async function judgeAnswer(input: AttemptInput, judge: () => AnswerJudge, parsed: Parsed): Promise<Answer> {
  const answer: Answer = { kind: 'parsed', data: parsed.data, props: parsed.props };
  if (!isStream(parsed.data)) {
    input.limit?.stopTimer();
    const failure = failureOfBody(input, parsed.data);
    endWithBody(input, parsed.data, failure);
    if (failure) throw new UnsatisfyingAnswer(answer);
    return answer;
  }
  const guard = new JudgingGuard(input, judge(), parsed.data.controller);
  await guardStream(parsed.data, guard);
  if (guard.isFilteredWhole) throw new UnsatisfyingAnswer(answer);
  return answer;
}

function failureOfBody({ surface }: AttemptInput, data: unknown): Failure | undefined {
  if (malformation(surface, data)) return MALFORMED;
  return isFiltered(surface, data) ? FILTERED : undefined;
}
