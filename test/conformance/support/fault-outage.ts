/** The scene of an outage: one client makes calls at regular intervals during it and afterwards. */

import type { BreakerState } from '../../../src/index.ts';
import { collectEvents } from '../../../src/testing/index.ts';
import { beside, seconds, unlike } from './fault-judge.ts';
import { ask, clientFor, requestsOf, waitUntil, type Part } from './fault-play.ts';
import type { SeenAnswer, Stage, Staging, Verdict } from './fault-scene.ts';
import { UPSTREAMS, wireForm, type WallUpstream } from './fault-wall.ts';

const CALL_EVERY_MS = 4_000;
export const OUTAGE_MS = 60_000;
/** The time within which stable gets calls again after its recovery. */
const BACK_WITHIN_MS = 30_000;
/** The breaker closes after three more probes. */
const WATCHED_MS = OUTAGE_MS + BACK_WITHIN_MS + 3 * CALL_EVERY_MS;
/** Without a breaker there would be two requests for each of the fifteen calls. */
const MOST_REQUESTS_IN_OUTAGE = 10;

/**
 * Expects that every call is served, the breaker keeps most calls away from the failing upstream, and stable is back
 * in time.
 */
export async function playOutage({ model, mode }: Part, staging: Staging, stage: Stage): Promise<Verdict> {
  const { clock, wall } = stage;
  await using ai = clientFor(mode, staging, stage);
  using events = collectEvents(ai, ['breaker']);
  const startedAtMs = clock.now();
  const answers: SeenAnswer[] = [];
  for (let sinceMs = 0; sinceMs <= WATCHED_MS; sinceMs += CALL_EVERY_MS) {
    await waitUntil(startedAtMs + sinceMs, stage);
    answers.push(await ask(ai, { model }, stage));
  }
  const reached = requestsOf(model, model, wall).filter(({ upstream }) => upstream === 'openai');
  return judge(
    {
      answers,
      servedBy: answers.map((answer) => serverOf(answer, stage)),
      requestsInOutage: reached.filter(({ atMs }) => atMs < startedAtMs + OUTAGE_MS).length,
      breaker: events.of('breaker').map(({ to, atMs }) => ({ to, atMs: atMs - startedAtMs })),
    },
    stage,
  );
}

interface SeenOutage {
  readonly answers: readonly SeenAnswer[];
  readonly servedBy: readonly (WallUpstream | undefined)[];
  readonly requestsInOutage: number;
  readonly breaker: readonly { readonly to: BreakerState['state']; readonly atMs: number }[];
}

function judge({ answers, servedBy, requestsInOutage, breaker }: SeenOutage, { slackMs }: Stage): Verdict {
  const served = servedBy.filter((upstream) => upstream !== undefined).length;
  const backAtMs = (servedBy.findLastIndex((upstream) => upstream !== 'openai') + 1) * CALL_EVERY_MS;
  const last = breaker.at(-1);
  const deviations = [
    unlike('calls served', served, answers.length),
    ...answers.map(({ tookMs }, call) => beside(`call ${call} ended`, tookMs, [0, 250], slackMs)),
    unlike('breaker at first', breaker[0]?.to, 'open'),
    beside('breaker opened', breaker[0]?.atMs, [0, OUTAGE_MS], 0),
    unlike('breaker in the end', last?.to, 'closed'),
    beside('openai is back', backAtMs, [OUTAGE_MS, OUTAGE_MS + BACK_WITHIN_MS], 0),
    requestsInOutage > MOST_REQUESTS_IN_OUTAGE
      ? `${requestsInOutage} requests reached openai in its outage`
      : undefined,
  ];
  return {
    asked: `openai ${requestsInOutage} times in its outage`,
    got: `${served} of ${answers.length} served, by openai from ${seconds(backAtMs)} on; closed ${seconds(last?.atMs ?? NaN)}`,
    whole: served === answers.length,
    deviations: deviations.filter((line) => line !== undefined),
  };
}

/** The upstream of a whole answer; `undefined` if the answer is not whole. */
function serverOf({ chunks, error }: SeenAnswer, { wall }: Stage): WallUpstream | undefined {
  if (error !== undefined) return undefined;
  const seen = chunks.map(wireForm).join('\n');
  return UPSTREAMS.find((upstream) => wall.chunksOf(upstream, false).join('\n') === seen);
}
