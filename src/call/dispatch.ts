/** Takes a planned call from upstream to upstream until one answers: fallback around retry around breaker around attempt. */

import type { Call } from '../domain/call.ts';
import type { Answer } from '../upstream/attempt-types.ts';
import { DeadlineError } from '../domain/errors.ts';
import { ABORTED, type Failure } from '../resilience/failure.ts';
import { RejectedAnswer } from '../upstream/read-answer.ts';
import type { Admitted } from './admission.ts';
import { beginAttempts, type UpstreamAttempts } from './upstream-attempts.ts';
import type { CallPlan } from './plan-call.ts';
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
  parts: CallServices,
  nowMs = parts.clock.now(),
): Promise<Answer> {
  const run = new CallState(call, plan, source, parts);
  if (parts.rollouts)
    source.claim.judged = run.progress.judged = parts.rollouts.dispatched(call, source.options.body, plan, nowMs);
  const first = firstTarget(run, nowMs);
  const target = first instanceof Promise ? await first : first;
  run.mirror = parts.shadow?.mirror(run, target.upstream.name);
  const delayMs = parts.hedging && hedgeDelayMs(run, target);
  if (parts.hedging && delayMs !== undefined) return await hedged(run, target, delayMs, parts.hedging);
  let visit: UpstreamAttempts | undefined;
  try {
    visit = beginAttempts(run, target, false);
    const answer = await visit.begin('first', first instanceof Promise ? undefined : nowMs);
    run.progress.answered(visit.attemptIndex);
    return answer;
  } catch (error) {
    return await serveAgain(run, { target, visit }, error);
  }
}

/** Only the first upstream is hedged: whoever is asked after a failure is late already. */
async function hedged(run: CallState, target: Admitted, delayMs: number, hedging: Hedging): Promise<Answer> {
  let visit: UpstreamAttempts | undefined;
  try {
    visit = beginAttempts(run, target, true);
    const { answer, attemptIndex } = await serveHedged(visit, delayMs, hedging);
    run.progress.answered(attemptIndex);
    return answer;
  } catch (error) {
    return await serveElsewhere(run, { target, visit }, error);
  }
}

/** Whom a call was with. */
interface Attempted {
  readonly target: Admitted;
  readonly visit: UpstreamAttempts | undefined;
}

/** All that may follow the first attempt, which has failed: most calls pay for none of it. */
async function serveAgain(run: CallState, first: Attempted, firstError: unknown): Promise<Answer> {
  const { visit } = first;
  if (!visit) return await serveElsewhere(run, first, firstError);
  try {
    return await answeredBy(run, visit, visit.retryAfter(firstError));
  } catch (error) {
    return await serveElsewhere(run, first, error);
  }
}

async function answeredBy(run: CallState, visit: UpstreamAttempts, answering: Promise<Answer>): Promise<Answer> {
  const answer = await answering;
  run.progress.answered(visit.attemptIndex);
  return answer;
}

/** From upstream to upstream, after the first one has failed. */
async function serveElsewhere(run: CallState, first: Attempted, firstError: unknown): Promise<Answer> {
  let [{ target, visit }, error] = [first, firstError];
  for (;;) {
    // A caller that gave up during a back-off waits for no other upstream.
    const failure = run.source.options.signal?.aborted ? ABORTED : visit?.failure;
    if (failure?.outcome === 'failure') run.firstFault ??= { error, failure };
    const move = failure && (await moveOn(run, failure));
    if (!move) {
      const told = giveUp(run, error, failure);
      // Nothing better was to be had: what came is what the SDK alone would give.
      if (told instanceof RejectedAnswer) return told.answer;
      throw told;
    }
    tellFallback(run, target, move);
    target = move.target;
    visit = undefined;
    try {
      visit = beginAttempts(run, target, false);
      return await answeredBy(run, visit, visit.serve('fallback'));
    } catch (thrown) {
      error = thrown;
    }
  }
}

function tellFallback({ progress, parts }: CallState, from: Admitted, { kind, target }: Move): void {
  const atMs = parts.clock.now();
  progress.fallback({ from: from.upstream.name, to: target.upstream.name, reason: kind, atMs });
}

async function moveOn(run: CallState, failure: Failure): Promise<Move | undefined> {
  try {
    return await nextTarget(run, failure);
  } catch (aborted) {
    run.progress.gaveUp('aborted', undefined, run.parts.clock.now());
    throw aborted;
  }
}

/** A fallback that refuses the request as such never hides why it was asked: the first fault is the caller's error. */
function giveUp(run: CallState, error: unknown, failure: Failure | undefined): unknown {
  const { firstFault, progress, parts } = run;
  const told = failure?.outcome === 'neutral' && firstFault ? firstFault : { error, failure };
  progress.gaveUp(told.failure?.outcome ?? 'failure', told.failure?.kind, parts.clock.now());
  if (error instanceof DeadlineError && firstFault && firstFault.error !== error) error.cause ??= firstFault.error;
  return told.error;
}
