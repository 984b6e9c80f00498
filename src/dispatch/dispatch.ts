/** Takes a planned call from upstream to upstream until one answers: fallback around retry around breaker around attempt. */

import type { AttemptReason } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { Answer } from '../upstream/answer.ts';
import { DeadlineError } from '../upstream/errors.ts';
import { ABORTED, type Failure } from '../upstream/failure.ts';
import { UnsatisfyingAnswer } from '../upstream/unsatisfying-answer.ts';
import type { Admitted } from './admission.ts';
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
  const target = first instanceof Promise ? await first : first;
  run.mirror = parts.shadow?.mirror(run, target.upstream.name);
  const attempt: Attempted = { target, visit: undefined };
  try {
    return await serveFirst(run, attempt, first instanceof Promise ? undefined : nowMs);
  } catch (error) {
    return await serveElsewhere(run, attempt, error);
  }
}

/** Whom a call is with, and how that goes. */
interface Attempted {
  readonly target: Admitted;
  visit: Visit | undefined;
}

/** Only the first upstream is hedged: whoever is asked after a failure is late already. */
function serveFirst(run: CallRun, attempt: Attempted, atMs: number | undefined): Promise<Answer> {
  const { hedging } = run.parts;
  const delayMs = hedging && hedgeDelayMs(run, attempt.target);
  const visit = (attempt.visit = beginVisit(run, attempt.target, delayMs !== undefined));
  if (hedging && delayMs !== undefined) {
    return serveHedged(visit, delayMs, hedging).then(({ answer, attemptIndex }) => {
      run.progress.answered(attemptIndex);
      return answer;
    });
  }
  return serveVisit(run, visit, 'first', atMs);
}

function serveVisit(run: CallRun, visit: Visit, reason: AttemptReason, atMs?: number): Promise<Answer> {
  return visit.serve(reason, atMs).then((answer) => {
    run.progress.answered(visit.attemptIndex);
    return answer;
  });
}

/** From upstream to upstream, after the first one has failed. */
async function serveElsewhere(run: CallRun, first: Attempted, firstError: unknown): Promise<Answer> {
  let [{ target, visit }, error] = [first, firstError];
  for (;;) {
    // A caller that gave up during a back-off waits for no other upstream.
    const failure = run.source.options.signal?.aborted ? ABORTED : visit?.failure;
    if (failure?.outcome === 'failure') run.firstFault ??= { error, failure };
    const move = failure && (await moveOn(run, failure));
    if (!move) {
      const told = giveUp(run, error, failure);
      // Nothing better was to be had: what came is what the SDK alone would give.
      if (told instanceof UnsatisfyingAnswer) return told.answer;
      throw told;
    }
    tellFallback(run, target, move);
    target = move.target;
    visit = undefined;
    try {
      visit = beginVisit(run, target, false);
      return await serveVisit(run, visit, 'fallback');
    } catch (thrown) {
      error = thrown;
    }
  }
}

function tellFallback({ progress, parts }: CallRun, from: Admitted, { kind, target }: Move): void {
  const atMs = parts.clock.now();
  progress.fallback({ from: from.upstream.name, to: target.upstream.name, reason: kind, atMs });
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
