/** Hedging: a second upstream beside the first, if that one takes long to begin its answer. */

import type { Hedging } from '../resilience/hedge-policy.ts';
import type { Answer } from '../upstream/attempt-types.ts';
import { isStream } from '../upstream/sdk/types.ts';
import { admitFirst, type Admitted } from './admission.ts';
import type { CallState } from './call-state.ts';
import { beginAttempts, type UpstreamAttempts } from './upstream-attempts.ts';

/** How long `target` may take before the call is hedged, in ms; `undefined` if the call is not hedged. */
export function hedgeDelayMs(state: CallState, { upstream }: Admitted): number | undefined {
  const { call, services } = state;
  // An id is known to one upstream only, and a one-shot body cannot be sent twice.
  if (!services.hedging || !call.fallbacks || call.ownedId !== undefined || !call.replayable) return undefined;
  return services.hedging.delayMs(upstream.name, call.stream);
}

/** An answer, and the index of its attempt. */
export interface Served {
  readonly answer: Answer;
  readonly attemptIndex: number;
}

/**
 * Tries the upstream of `first`, and a second one if the first has not begun to answer after `delayMs`. The first answer wins and the other
 * upstream is cancelled. If both fail, rejects with the error of the first upstream.
 */
export function serveHedged(first: UpstreamAttempts, delayMs: number, hedging: Hedging): Promise<Served> {
  const { state, upstream } = first;
  const answering = first.serve('first');
  return new Promise((resolve, reject) => {
    let second: UpstreamAttempts | undefined;
    let isLate = false;
    const startHedge = (): void => {
      isLate = true;
      try {
        hedging.recordLatency(upstream.name, true);
        second = beginSecond(state, hedging);
        if (second) race(first, answering, second, serveSecond(first, second, delayMs)).then(resolve, reject);
      } catch (error) {
        reject(error);
      }
    };
    const timer = state.services.clock.setTimeout(startHedge, delayMs);
    const stopTimer = (): void => {
      if (isLate) return;
      timer.cancel();
      hedging.recordLatency(upstream.name, false);
    };
    const answered = (answer: Answer): void => {
      stopTimer();
      if (!second) resolve({ answer, attemptIndex: first.attemptIndex });
    };
    const failed = (error: unknown): void => {
      stopTimer();
      if (!second) reject(error);
    };
    answering.then(answered, failed);
  });
}

function beginSecond(state: CallState, hedging: Hedging): UpstreamAttempts | undefined {
  if (state.attemptsLeft < 1 || state.remainingMs <= 0 || !hedging.admits()) return undefined;
  const target = admitFirst(state.untried('timeout'), state);
  try {
    return target && beginAttempts(state, target, true);
  } catch {
    // The first upstream may still answer.
    return undefined;
  }
}

function serveSecond(first: UpstreamAttempts, second: UpstreamAttempts, afterMs: number): Promise<Answer> {
  const { state, upstream } = first;
  const atMs = state.services.clock.now();
  state.recorder.hedge({ from: upstream.name, to: second.upstream.name, afterMs, atMs });
  return second.serve('hedge');
}

/** The first answer; if both upstreams fail, the error of the first. */
async function race(
  first: UpstreamAttempts,
  firstAnswer: Promise<Answer>,
  second: UpstreamAttempts,
  secondAnswer: Promise<Answer>,
): Promise<Served> {
  const won = await Promise.any([
    firstAnswer.then((answer) => ({ answer, winner: first, loser: second, other: secondAnswer })),
    secondAnswer.then((answer) => ({ answer, winner: second, loser: first, other: firstAnswer })),
  ]).catch(() => undefined);
  if (!won) return { answer: await firstAnswer, attemptIndex: first.attemptIndex };
  won.loser.cancel();
  // The loser may have begun to answer at the same moment.
  won.other.then(discard, () => undefined);
  return { answer: won.answer, attemptIndex: won.winner.attemptIndex };
}

function discard(answer: Answer): void {
  if (answer.kind === 'raw') void answer.response.body?.cancel().catch(() => undefined);
  else if (isStream(answer.data)) answer.data.controller.abort();
}
