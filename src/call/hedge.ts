/** A second upstream beside the first, where that one takes long to begin. */

import type { Answer } from '../upstream/attempt-types.ts';
import { isStream } from '../upstream/sdk/types.ts';
import { admitFirst, type Admitted } from './admission.ts';
import { beginAttempts, type UpstreamAttempts } from './upstream-attempts.ts';
import type { CallState } from './call-state.ts';
import type { Hedging } from '../resilience/hedge-policy.ts';

/** How long `target` may take before it is hedged; `undefined` where it is not. */
export function hedgeDelayMs(state: CallState, { upstream }: Admitted): number | undefined {
  const { call, services } = state;
  // An id is known to one upstream only, and what can be sent once only cannot be sent twice.
  if (!services.hedging || !call.fallbacks || call.ownedId !== undefined || !call.replayable) return undefined;
  return services.hedging.delayMs(upstream.name, call.stream);
}

/** An answer, and the attempt that brought it. */
export interface Served {
  readonly answer: Answer;
  readonly attemptIndex: number;
}

/**
 * Asks the upstream of `first` and, if it has not begun to answer after `delayMs`, one more. The first to answer wins; the
 * other is hung up on. Where both fail, rejects with what the first one failed with.
 */
export function serveHedged(first: UpstreamAttempts, delayMs: number, hedging: Hedging): Promise<Served> {
  const { state, upstream } = first;
  const answering = first.serve('first');
  return new Promise((resolve, reject) => {
    let second: UpstreamAttempts | undefined;
    let isLate = false;
    const ask = (): void => {
      isLate = true;
      try {
        hedging.recordLatency(upstream.name, true);
        second = secondVisit(state, hedging);
        if (second) race(first, answering, second, hedge(first, second, delayMs)).then(resolve, reject);
      } catch (error) {
        reject(error);
      }
    };
    const timer = state.services.clock.setTimeout(ask, delayMs);
    const inTime = (): void => {
      if (isLate) return;
      timer.cancel();
      hedging.recordLatency(upstream.name, false);
    };
    const answered = (answer: Answer): void => {
      inTime();
      if (!second) resolve({ answer, attemptIndex: first.attemptIndex });
    };
    const failed = (error: unknown): void => {
      inTime();
      if (!second) reject(error);
    };
    answering.then(answered, failed);
  });
}

/** Asks the second upstream. */
function hedge(first: UpstreamAttempts, second: UpstreamAttempts, afterMs: number): Promise<Answer> {
  const { state, upstream } = first;
  const atMs = state.services.clock.now();
  state.recorder.hedge({ from: upstream.name, to: second.upstream.name, afterMs, atMs });
  return second.serve('hedge');
}

function secondVisit(state: CallState, hedging: Hedging): UpstreamAttempts | undefined {
  if (state.attemptsLeft < 1 || state.remainingMs <= 0 || !hedging.admits()) return undefined;
  const target = admitFirst(state.untried('timeout'), state);
  try {
    return target && beginAttempts(state, target, true);
  } catch {
    // The first upstream may still answer.
    return undefined;
  }
}

/** The first that answers; where both fail, the error of the first visit. */
async function race(
  first: UpstreamAttempts,
  one: Promise<Answer>,
  second: UpstreamAttempts,
  other: Promise<Answer>,
): Promise<Served> {
  const won = await Promise.any([
    one.then((answer) => ({ answer, winner: first, loser: second, lost: other })),
    other.then((answer) => ({ answer, winner: second, loser: first, lost: one })),
  ]).catch(() => undefined);
  if (!won) return { answer: await one, attemptIndex: first.attemptIndex };
  won.loser.cancel();
  // It may have begun to answer in the same moment.
  won.lost.then(hangUp, () => undefined);
  return { answer: won.answer, attemptIndex: won.winner.attemptIndex };
}

function hangUp(answer: Answer): void {
  if (answer.kind === 'raw') void answer.response.body?.cancel().catch(() => undefined);
  else if (isStream(answer.data)) answer.data.controller.abort();
}
