/** The scene of an outage: one client makes calls at regular intervals during it and afterwards. */

import type { BreakerState } from '../../../src/index.ts';
import { collectEvents } from '../../../src/testing/index.ts';
import { beside, seconds, unlike } from './fault-judge.ts';
import { ask, clientFor, requestsOf, waitUntil, type Part } from './fault-play.ts';
import type { AtMs, SeenAnswer, Stage, Staging, Verdict } from './fault-scene.ts';
import { UPSTREAMS, wireForm, type WallUpstream } from './fault-wall.ts';

/** The first back-off, as in the SDK: 0.5 s less up to a quarter. */
export const SOON: AtMs = [375, 500];
const CALL_EVERY_MS = 4_000;
export const OUTAGE_MS = 60_000;
/** Calls that start later than this after the recovery of stable are served by stable. */
const BACK_WITHIN_MS = 15_000;
/** The breaker closes after three more probes. */
const WATCHED_MS = OUTAGE_MS + BACK_WITHIN_MS + 3 * CALL_EVERY_MS;
/** Without a breaker there would be two requests for each of the fifteen calls. */
const MOST_REQUESTS_IN_OUTAGE = 10;

/**
 * Expects that every call is served, the breaker keeps most calls away from the failing upstream, and stable is back
 * in time.
 */
export async function playOutage({ model, setting }: Part, staging: Staging, stage: Stage): Promise<Verdict> {
  const { clock } = stage;
  await using ai = clientFor(setting, staging, stage);
  using events = collectEvents(ai, ['breaker']);
  const startedAtMs = clock.now();
  const answers: SeenAnswer[] = [];
  const requestsPerCall: number[] = [];
  for (let sinceMs = 0; sinceMs <= WATCHED_MS; sinceMs += CALL_EVERY_MS) {
    await waitUntil(startedAtMs + sinceMs, stage);
    const before = reachedOpenai(model, stage).length;
    answers.push(await ask(ai, { model }, stage));
    requestsPerCall.push(reachedOpenai(model, stage).length - before);
  }
  const reached = reachedOpenai(model, stage);
  return judge(
    {
      answers,
      requestsPerCall,
      servedBy: answers.map((answer) => serverOf(answer, stage)),
      requestsInOutage: reached.filter(({ atMs }) => atMs < startedAtMs + OUTAGE_MS).length,
      breaker: events.of('breaker').map(({ to, atMs }) => ({ to, atMs: atMs - startedAtMs })),
    },
    stage,
  );
}

interface SeenOutage {
  readonly answers: readonly SeenAnswer[];
  /** How many requests of each call reached stable. */
  readonly requestsPerCall: readonly number[];
  readonly servedBy: readonly (WallUpstream | undefined)[];
  readonly requestsInOutage: number;
  readonly breaker: readonly { readonly to: BreakerState['state']; readonly atMs: number }[];
}

function judge(seen: SeenOutage, { slackMs }: Stage): Verdict {
  const { answers, requestsPerCall, servedBy, requestsInOutage, breaker } = seen;
  const served = servedBy.filter((upstream) => upstream !== undefined).length;
  const lastElsewhereMs = servedBy.findLastIndex((upstream) => upstream !== 'openai') * CALL_EVERY_MS;
  const backAtMs = lastElsewhereMs + CALL_EVERY_MS;
  const last = breaker.at(-1);
  const deviations = [
    unlike('calls served', served, answers.length),
    ...answers.map(({ tookMs }, call) =>
      beside(`call ${call} ended`, tookMs, requestsPerCall[call] === 2 ? SOON : [0, 0], slackMs),
    ),
    unlike('most requests of one call to openai', Math.max(...requestsPerCall), 2),
    unlike('breaker at first', breaker[0]?.to, 'open'),
    beside('breaker opened', breaker[0]?.atMs, [0, OUTAGE_MS], 0),
    unlike('breaker in the end', last?.to, 'closed'),
    beside('openai is back', backAtMs, [OUTAGE_MS, Infinity], 0),
    beside('last call served elsewhere', lastElsewhereMs, [0, OUTAGE_MS + BACK_WITHIN_MS], 0),
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

function reachedOpenai(model: string, { wall }: Stage): ReturnType<typeof requestsOf> {
  return requestsOf(model, model, wall).filter(({ upstream }) => upstream === 'openai');
}

/** The upstream of a whole answer; `undefined` if the answer is not whole. */
function serverOf({ chunks, error }: SeenAnswer, { wall }: Stage): WallUpstream | undefined {
  if (error !== undefined) return undefined;
  const seen = chunks.map(wireForm).join('\n');
  return UPSTREAMS.find((upstream) => wall.chunksOf(upstream, false).join('\n') === seen);
}
