/** Takes a planned call from upstream to upstream until one answers: fallback around retry around breaker around attempt. */

import type { AttemptReason } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { FailureKind } from '../domain/outcome.ts';
import type { Plan, SkipReason } from '../domain/plan.ts';
import type { Answer } from '../upstream/answer.ts';
import { BreakerOpenError, CapabilityError, DeadlineError } from '../upstream/errors.ts';
import { ABORTED, type Failure } from '../upstream/failure.ts';
import { UnsatisfyingAnswer } from '../upstream/unsatisfying-answer.ts';
import { admit, admitAnyway, readyAtMs, type Admitted } from './admission.ts';
import { CallRun } from './call-run.ts';
import { costCapErrorOf } from './cost-cap.ts';
import type { CallSource, DispatchParts } from './dispatch-parts.ts';
import { lackOf } from './fitness.ts';
import { hedgeDelayMs, serveHedged } from './hedge.ts';
import { Visit } from './serve.ts';

/** Gives the first answer, or rejects with the error that tells the caller most. */
export async function dispatch(call: Call, plan: Plan, source: CallSource, parts: DispatchParts): Promise<Answer> {
  const run = new CallRun(call, plan, source, parts);
  let target = firstTarget(run);
  run.mirror = parts.shadow?.mirror(run, target.upstream.name);
  let reason: AttemptReason = 'first';
  for (;;) {
    // Only the first upstream is hedged: whoever is asked after a failure is late already.
    const delayMs = reason === 'first' ? hedgeDelayMs(run, target) : undefined;
    const visit = new Visit(run, target, delayMs !== undefined);
    try {
      if (!parts.hedging || delayMs === undefined) {
        const answer = await visit.serve(reason);
        run.progress.answered(visit.attemptIndex);
        return answer;
      }
      const { answer, attemptIndex } = await serveHedged(visit, delayMs, parts.hedging);
      run.progress.answered(attemptIndex);
      return answer;
    } catch (error) {
      // A caller that gave up during a back-off waits for no other upstream.
      const failure = source.options.signal?.aborted ? ABORTED : visit.failure;
      if (failure?.outcome === 'failure') run.firstFault ??= { error, failure };
      const move = failure && nextTarget(run, failure);
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
    }
  }
}

/** The assigned upstream, or the next of the plan that may be asked; where none may, the one that could be soonest. */
function firstTarget(run: CallRun): Admitted {
  const { plan, parts } = run;
  const nowMs = parts.clock.now();
  const target = admit(plan.upstreams, parts.upstreams, nowMs) ?? lastResort(run, nowMs);
  if (target.upstream.name !== plan.assigned) {
    const skipped = plan.skipped.find(({ upstream }) => upstream === plan.assigned);
    const reason = skipped?.reason ?? 'breaker';
    run.progress.fallback({ from: plan.assigned, to: target.upstream.name, reason, atMs: nowMs });
  }
  return target;
}

function lastResort(run: CallRun, nowMs: number): Admitted {
  const { plan, parts, call } = run;
  const assigned = parts.upstreams.get(plan.assigned);
  // Who allows no other upstream has asked to be told rather than to wait for a broken one.
  if (!call.fallbacks && assigned?.breaker?.state.state === 'open') {
    run.progress.gaveUp('failure', undefined, nowMs);
    throw new BreakerOpenError(plan.assigned, readyAtMs(assigned, nowMs));
  }
  const passedOver = plan.skipped.filter(({ reason }) => !NEVER_ASKED.has(reason));
  const names = [...plan.upstreams, ...passedOver.map(({ upstream }) => upstream)];
  const dear = plan.skipped.filter(({ reason }) => reason === 'cost').map(({ upstream }) => upstream);
  if (names.length === 0 && dear.length > 0) {
    run.progress.gaveUp('neutral', undefined, nowMs);
    throw costCapErrorOf(run, dear);
  }
  const lack = lackOf(plan.assigned, call, parts.upstreams);
  if (names.length === 0 && lack) {
    run.progress.gaveUp('neutral', undefined, nowMs);
    throw new CapabilityError(plan.assigned, lack);
  }
  return admitAnyway(names, parts.upstreams, nowMs);
}

/** What makes an upstream none for the call does not pass with time. */
const NEVER_ASKED: ReadonlySet<SkipReason> = new Set<SkipReason>(['model', 'capability', 'cost']);

interface Move {
  readonly kind: FailureKind;
  readonly target: Admitted;
}

function nextTarget(run: CallRun, { kind, tryNext }: Failure): Move | undefined {
  if (!tryNext || kind === undefined || run.attemptsLeft < 1 || run.remainingMs <= 0) return undefined;
  const target = admit(run.untried(kind), run.parts.upstreams, run.parts.clock.now());
  return target && { kind, target };
}

/** A fallback that refuses the request as such never hides why it was asked: the first fault is the caller's error. */
function giveUp(run: CallRun, error: unknown, failure: Failure | undefined): unknown {
  const { firstFault, progress, parts } = run;
  const told = failure?.outcome === 'neutral' && firstFault ? firstFault : { error, failure };
  progress.gaveUp(told.failure?.outcome ?? 'failure', told.failure?.kind, parts.clock.now());
  if (error instanceof DeadlineError && firstFault && firstFault.error !== error) error.cause ??= firstFault.error;
  return told.error;
}
