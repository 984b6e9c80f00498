/** Dispatches a planned call: tries upstreams in turn until one answers. Fallback wraps retry, retry wraps breaker, breaker wraps attempt. */

import type { Call } from '../domain/call.ts';
import type { Answer } from '../upstream/attempt-types.ts';
import { DeadlineError } from '../domain/errors.ts';
import { ABORTED, type Failure } from '../resilience/failure.ts';
import { RejectedAnswer } from '../upstream/read-answer.ts';
import type { Admitted } from './admission.ts';
import { beginAttempts, type UpstreamAttempts } from './upstream-attempts.ts';
import type { CallPlan } from './call-plan.ts';
import { CallState } from './call-state.ts';
import { firstTarget, nextTarget, type Move } from './choose-upstream.ts';
import type { CallSource, CallServices } from './call-services.ts';
import { hedgeDelayMs, serveHedged } from './hedge.ts';
import type { Hedging } from '../resilience/hedge-policy.ts';

/** Resolves to the first answer, or rejects with the error that says most to the caller. */
export async function dispatch(
  call: Call,
  plan: CallPlan,
  source: CallSource,
  services: CallServices,
  nowMs = services.clock.now(),
): Promise<Answer> {
  const state = new CallState(call, plan, source, services);
  if (services.rollouts)
    source.mode.judged = state.recorder.judged = services.rollouts.dispatched(call, source.options.body, plan, nowMs);
  const first = firstTarget(state, nowMs);
  const target = first instanceof Promise ? await first : first;
  state.mirror = services.shadow?.mirror(state, target.upstream.name);
  const delayMs = services.hedging && hedgeDelayMs(state, target);
  if (services.hedging && delayMs !== undefined) return await hedged(state, target, delayMs, services.hedging);
  let attempts: UpstreamAttempts | undefined;
  try {
    attempts = beginAttempts(state, target, false);
    const answer = await attempts.begin('first', first instanceof Promise ? undefined : nowMs);
    state.recorder.answered(attempts.attemptIndex);
    return answer;
  } catch (error) {
    return await serveAgain(state, { target, attempts }, error);
  }
}

/** Only the first upstream is hedged: a fallback is late already. */
async function hedged(state: CallState, target: Admitted, delayMs: number, hedging: Hedging): Promise<Answer> {
  let attempts: UpstreamAttempts | undefined;
  try {
    attempts = beginAttempts(state, target, true);
    const { answer, attemptIndex } = await serveHedged(attempts, delayMs, hedging);
    state.recorder.answered(attemptIndex);
    return answer;
  } catch (error) {
    return await serveElsewhere(state, { target, attempts }, error);
  }
}

/** An upstream that has failed to serve the call; `attempts` is absent if not even a request could be made. */
interface Attempted {
  readonly target: Admitted;
  readonly attempts: UpstreamAttempts | undefined;
}

/** Retries and falls back after a failed first attempt. Kept out of `dispatch`, so that most calls pay nothing for it. */
async function serveAgain(state: CallState, first: Attempted, firstError: unknown): Promise<Answer> {
  const { attempts } = first;
  if (!attempts) return await serveElsewhere(state, first, firstError);
  try {
    return await answeredBy(state, attempts, attempts.retryAfter(firstError));
  } catch (error) {
    return await serveElsewhere(state, first, error);
  }
}

async function answeredBy(state: CallState, attempts: UpstreamAttempts, answering: Promise<Answer>): Promise<Answer> {
  const answer = await answering;
  state.recorder.answered(attempts.attemptIndex);
  return answer;
}

/** Falls back from upstream to upstream. */
async function serveElsewhere(state: CallState, first: Attempted, firstError: unknown): Promise<Answer> {
  let [{ target, attempts }, error] = [first, firstError];
  for (;;) {
    // A caller that aborted during a back-off gets no fallback.
    const failure = state.source.options.signal?.aborted ? ABORTED : attempts?.failure;
    if (failure) state.noteFailure(error, failure, target.upstream.name);
    const move = failure && (await moveOn(state, failure, target.upstream.name));
    if (!move) {
      const reported = giveUp(state, target, error, failure);
      // No upstream had a better answer: the caller gets what the SDK alone would return.
      if (reported instanceof RejectedAnswer) return reported.answer;
      throw reported;
    }
    recordFallback(state, target, move);
    target = move.target;
    attempts = undefined;
    try {
      attempts = beginAttempts(state, target, false);
      return await answeredBy(state, attempts, attempts.serve('fallback'));
    } catch (thrown) {
      error = thrown;
    }
  }
}

function recordFallback({ recorder, services }: CallState, from: Admitted, { kind, target }: Move): void {
  const atMs = services.clock.now();
  recorder.fallback({ from: from.upstream.name, to: target.upstream.name, reason: kind, atMs });
}

async function moveOn(state: CallState, failure: Failure, from: string): Promise<Move | undefined> {
  try {
    return await nextTarget(state, failure, from);
  } catch (aborted) {
    state.recorder.gaveUp('aborted', undefined, state.services.clock.now());
    throw aborted;
  }
}

/** The error for the caller. */
function giveUp(state: CallState, last: Admitted, error: unknown, failure: Failure | undefined): unknown {
  const { firstFault, recorder, services } = state;
  const reported = state.failureToReport({ error, failure }, last.upstream.name);
  recorder.gaveUp(reported.failure?.outcome ?? 'failure', reported.failure?.kind, services.clock.now());
  if (error instanceof DeadlineError && firstFault && firstFault.error !== error) error.cause ??= firstFault.error;
  return reported.error;
}
