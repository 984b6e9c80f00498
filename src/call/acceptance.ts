/** The user's check of whole answers: the option `accept`. */

import type { AcceptContext, AcceptOption, Call } from '../domain/call.ts';
import { formatValue } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { fields, isThenable } from '../domain/json.ts';
import { errorName } from '../events/warnings.ts';
import type { Clock } from '../time/clock.ts';
import type { AnswerCheck } from '../upstream/attempt-types.ts';
import { isEmptyAnswer } from '../upstream/empty-answer.ts';
import type { DispatchPolicy } from './call-services.ts';

/** @throws ConfigError */
export function checkAccept(path: string, accept: AcceptOption | undefined): AcceptOption | undefined {
  if (accept === undefined || accept === 'nonEmpty' || typeof accept === 'function') return accept;
  throw new ConfigError(path, `should be 'nonEmpty' or a function, got ${formatValue(accept)}`);
}

/** The longest that a call waits for the user's check, in ms. */
const TIMEOUT_MS = 30_000;

/** The longest reason that is kept, in characters: it appears in events. */
const MAX_REASON = 200;

/** What a check needs beside the call. */
export interface AcceptanceInput {
  readonly policy: Pick<DispatchPolicy, 'accept' | 'streamMode'>;
  readonly body: unknown;
  readonly signal?: AbortSignal | null | undefined;
  readonly upstream: string;
  readonly clock: Clock;
  /** Called with the problem if the check fails. */
  readonly onFailure: (problem: string) => void;
}

/** The check of the whole answer to a call; `undefined` if its answer is not checked. */
export function acceptanceFor(call: Call, input: AcceptanceInput): AnswerCheck | undefined {
  const { policy, body, upstream } = input;
  const accept = call.accept ?? policy.accept;
  if (accept === undefined || call.surface === 'other' || fields(body).background === true) return undefined;
  if (call.stream && (call.streamMode ?? policy.streamMode) !== 'buffered') return undefined;
  if (accept === 'nonEmpty')
    return (answer) => (isEmptyAnswer(call.surface, answer) ? 'The answer is empty' : undefined);
  const { surface, model, stream, key, task, attributes } = call;
  const context: AcceptContext = { surface, model, stream, key, task, attributes, body, upstream };
  return (answer) => {
    try {
      const result: unknown = accept(answer, context);
      return isThenable(result) ? settled(result, input) : reasonOf(result, input);
    } catch (error) {
      return failed(input, `threw ${errorName(error)}`);
    }
  };
}

/** An abort by the caller ends the wait: the answer has arrived already. */
function settled(result: PromiseLike<unknown>, input: AcceptanceInput): Promise<string | undefined> {
  const { clock, signal } = input;
  return new Promise((resolve) => {
    const finish = (reason: string | undefined): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
      resolve(reason);
    };
    const onAbort = (): void => finish(undefined);
    const expired = (): void => finish(failed(input, `took over ${TIMEOUT_MS / 1_000} s`));
    const timer = clock.setTimeout(expired, TIMEOUT_MS, { keepAlive: true });
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    result.then(
      (value) => finish(reasonOf(value, input)),
      (error: unknown) => finish(failed(input, `threw ${errorName(error)}`)),
    );
  });
}

/** JavaScript callers may return anything. */
function reasonOf(result: unknown, input: AcceptanceInput): string | undefined {
  if (result === true) return undefined;
  if (result === false) return 'Rejected by accept';
  if (typeof result === 'string') return result.slice(0, MAX_REASON);
  return failed(input, `returned ${typeof result} instead of true or a reason`);
}

function failed({ onFailure }: AcceptanceInput, problem: string): undefined {
  onFailure(problem);
}
