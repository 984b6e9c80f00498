/** Takes a planned call from upstream to upstream until one answers: fallback around retry around breaker around attempt. */

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

/** Gives the first answer, or rejects with the error that tells the caller most. */
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

/** Only the first upstream is hedged: whoever is asked after a failure is late already. */
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

/** Whom a call was with. */
interface Attempted {
  readonly target: Admitted;
  readonly attempts: UpstreamAttempts | undefined;
}

/** All that may follow the first attempt, which has failed: most calls pay for none of it. */
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

/** From upstream to upstream, after the first one has failed. */
async function serveElsewhere(state: CallState, first: Attempted, firstError: unknown): Promise<Answer> {
  let [{ target, attempts }, error] = [first, firstError];
  for (;;) {
    // A caller that gave up during a back-off waits for no other upstream.
    const failure = state.source.options.signal?.aborted ? ABORTED : attempts?.failure;
    if (failure?.outcome === 'failure') state.firstFault ??= { error, failure };
    const move = failure && (await moveOn(state, failure));
    if (!move) {
      const told = giveUp(state, error, failure);
      // Nothing better was to be had: what came is what the SDK alone would give.
      if (told instanceof RejectedAnswer) return told.answer;
      throw told;
    }
    tellFallback(state, target, move);
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

function tellFallback({ recorder, services }: CallState, from: Admitted, { kind, target }: Move): void {
  const atMs = services.clock.now();
  recorder.fallback({ from: from.upstream.name, to: target.upstream.name, reason: kind, atMs });
}

async function moveOn(state: CallState, failure: Failure): Promise<Move | undefined> {
  try {
    return await nextTarget(state, failure);
  } catch (aborted) {
    state.recorder.gaveUp('aborted', undefined, state.services.clock.now());
    throw aborted;
  }
}

/** A fallback that refuses the request as such never hides why it was asked: the first fault is the caller's error. */
function giveUp(state: CallState, error: unknown, failure: Failure | undefined): unknown {
  const { firstFault, recorder, services } = state;
  const told = failure?.outcome === 'neutral' && firstFault ? firstFault : { error, failure };
  recorder.gaveUp(told.failure?.outcome ?? 'failure', told.failure?.kind, services.clock.now());
  if (error instanceof DeadlineError && firstFault && firstFault.error !== error) error.cause ??= firstFault.error;
  return told.error;
}
