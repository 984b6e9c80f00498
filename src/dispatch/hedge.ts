/** A second upstream beside the first, where that one takes long to begin. */

import type { AttemptReason } from '../domain/attempt.ts';
import type { Answer } from '../upstream/answer.ts';
import { isStream } from '../upstream/sdk-stream.ts';
import { admit, type Admitted } from './admission.ts';
import { beginVisit } from './begin-visit.ts';
import type { CallRun } from './call-run.ts';
import type { Hedging } from './hedging.ts';
import type { Visit } from './serve.ts';

/** How long `target` may take before it is hedged; `undefined` where it is not. */
export function hedgeDelayMs(run: CallRun, { upstream }: Admitted): number | undefined {
  const { call, parts } = run;
  // An id is known to one upstream only, and what can be sent once only cannot be sent twice.
  if (!parts.hedging || !call.fallbacks || call.ownedId !== undefined || !call.replayable) return undefined;
  return parts.hedging.delayMs(upstream.name, call.stream);
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
export async function serveHedged(first: Visit, delayMs: number, hedging: Hedging): Promise<Served> {
  const { run, upstream } = first;
  const answering = served(first, 'first');
  const isLate = await takesLonger(run, answering, delayMs);
  hedging.took(upstream.name, isLate);
  const second = isLate ? secondVisit(run, hedging) : undefined;
  if (!second) return await answering;
  const { clock } = run.parts;
  run.progress.hedge({ from: upstream.name, to: second.upstream.name, afterMs: delayMs, atMs: clock.now() });
  return race(first, answering, second, served(second, 'hedge'));
}

async function served(visit: Visit, reason: AttemptReason): Promise<Served> {
  const answer = await visit.serve(reason);
  return { answer, attemptIndex: visit.attemptIndex };
}

function secondVisit(run: CallRun, hedging: Hedging): Visit | undefined {
  if (run.attemptsLeft < 1 || run.remainingMs <= 0 || !hedging.admits()) return undefined;
  const target = admit(run.untried('timeout'), run);
  try {
    return target && beginVisit(run, target, true);
  } catch {
    // The first upstream may still answer.
    return undefined;
  }
}

function takesLonger({ parts }: CallRun, answer: Promise<unknown>, delayMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = parts.clock.setTimeout(() => resolve(true), delayMs);
    const settled = (): void => {
      timer.cancel();
      resolve(false);
    };
    answer.then(settled, settled);
  });
}

/** The first that answers; where both fail, the error of the first visit. */
async function race(first: Visit, one: Promise<Served>, second: Visit, other: Promise<Served>): Promise<Served> {
  const won = await Promise.any([
    one.then((winner) => ({ winner, loser: second, lost: other })),
    other.then((winner) => ({ winner, loser: first, lost: one })),
  ]).catch(() => undefined);
  if (!won) return one;
  won.loser.cancel();
  // It may have begun to answer in the same moment.
  won.lost.then(
    ({ answer }) => hangUp(answer),
    () => undefined,
  );
  return won.winner;
}

function hangUp(answer: Answer): void {
  if (answer.kind === 'raw') void answer.response.body?.cancel().catch(() => undefined);
  else if (isStream(answer.data)) answer.data.controller.abort();
}
