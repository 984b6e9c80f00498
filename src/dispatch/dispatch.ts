/** Takes a planned call from upstream to upstream until one answers: fallback around retry around breaker around attempt. */

import type { AttemptReason } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { Answer } from '../upstream/answer.ts';
import { DeadlineError } from '../upstream/errors.ts';
import { ABORTED, type Failure } from '../upstream/failure.ts';
import { UnsatisfyingAnswer } from '../upstream/unsatisfying-answer.ts';
import { beginVisit } from './begin-visit.ts';
import type { CallPlan } from './call-plan.ts';
import { CallRun } from './call-run.ts';
import { firstTarget, nextTarget, type Move } from './choose-target.ts';
import type { CallSource, DispatchParts } from './dispatch-parts.ts';
import { hedgeDelayMs, serveHedged } from './hedge.ts';
import type { Visit } from './serve.ts';

/** Gives the first answer, or rejects with the error that tells the caller most. */
export async function dispatch(
  call: Call,
  plan: CallPlan,
  source: CallSource,
  parts: DispatchParts,
  nowMs = parts.clock.now(),
): Promise<Answer> {
  const run = new CallRun(call, plan, source, parts);
  if (parts.rollouts)
    source.claim.judged = run.progress.judged = parts.rollouts.dispatched(call, source.options.body, plan, nowMs);
  const first = firstTarget(run, nowMs);
  let startsAtMs = first instanceof Promise ? undefined : nowMs;
  let target = first instanceof Promise ? await first : first;
  run.mirror = parts.shadow?.mirror(run, target.upstream.name);
  let reason: AttemptReason = 'first';
  for (;;) {
    // Only the first upstream is hedged: whoever is asked after a failure is late already.
    const delayMs = reason === 'first' ? hedgeDelayMs(run, target) : undefined;
    let visit: Visit | undefined;
    try {
      visit = beginVisit(run, target, delayMs !== undefined);
      if (!parts.hedging || delayMs === undefined) {
        const answer = await visit.serve(reason, startsAtMs);
        run.progress.answered(visit.attemptIndex);
        return answer;
      }
      const { answer, attemptIndex } = await serveHedged(visit, delayMs, parts.hedging);
      run.progress.answered(attemptIndex);
      return answer;
    } catch (error) {
      // A caller that gave up during a back-off waits for no other upstream.
      const failure = source.options.signal?.aborted ? ABORTED : visit?.failure;
      if (failure?.outcome === 'failure') run.firstFault ??= { error, failure };
      const move = failure && (await moveOn(run, failure));
      if (!move) {
        const told = giveUp(run, error, failure);
        // Nothing better was to be had: what came is what the SDK alone would give.
        if (told instanceof UnsatisfyingAnswer) return told.answer;
        throw told;
      }
      const { kind, target: next } = move;
      run.progress.fallback({
        from: target.upstream.name,
        to: next.upstream.name,
        reason: kind,
        atMs: parts.clock.now(),
      });
      target = next;
      reason = 'fallback';
      startsAtMs = undefined;
    }
  }
}

async function moveOn(run: CallRun, failure: Failure): Promise<Move | undefined> {
  try {
    return await nextTarget(run, failure);
  } catch (aborted) {
    run.progress.gaveUp('aborted', undefined, run.parts.clock.now());
    throw aborted;
  }
}

/** A fallback that refuses the request as such never hides why it was asked: the first fault is the caller's error. */
function giveUp(run: CallRun, error: unknown, failure: Failure | undefined): unknown {
  const { firstFault, progress, parts } = run;
  const told = failure?.outcome === 'neutral' && firstFault ? firstFault : { error, failure };
  progress.gaveUp(told.failure?.outcome ?? 'failure', told.failure?.kind, parts.clock.now());
  if (error instanceof DeadlineError && firstFault && firstFault.error !== error) error.cause ??= firstFault.error;
  return told.error;
}
