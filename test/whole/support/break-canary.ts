/** One run: a canary that is healthy, then breaks. */

import { boundOf, EVERY_MS, faultOf, featureOf, type Row, SHARES } from './rows.ts';
import { World } from './world.ts';

/** How a run ended. */
export interface BrokenEnd {
  /** Calls that the split assigned to the canary from the onset to the rollback; `Infinity` without one. */
  readonly assigned: number;
  readonly afterMs: number;
  readonly reason: string | undefined;
  readonly by: string | undefined;
  /** Steps and promotions after the onset. */
  readonly advances: number;
  readonly pauses: readonly string[];
  /** Calls that failed for their callers, and those among them that stable failed. */
  readonly lost: number;
  readonly lostByStable: number;
  readonly calls: number;
  /** Requests that reached the canary after the rollback, from calls that began after it. */
  readonly sentAfter: number;
}

/** The share of calls that have the feature's task. */
const TASK_SHARE = 0.1;
/** A run without a rollback ends after this many times the bound. */
const PATIENCE = 3;
/** In this time all calls in flight end, unless they wait for the canary alone. */
const SETTLE_MS = 5_000;
/** A call that only the canary may serve waits for as long as it asks, several times. */
const SETTLE_ALONE_MS = 120_000;

/** Ten calls a second of ever new callers. The hold of the step ends soon after the onset. */
export async function breakCanary(row: Row, seed: number): Promise<BrokenEnd> {
  const [fault, feature] = [faultOf(row), featureOf(row)];
  const share = SHARES[row.weight];
  // Calls of a task are not the split's.
  const perAssignedMs = EVERY_MS / (share * (feature.task === undefined ? 1 : 1 - TASK_SHARE));
  // Waits for the slowest of all runs.
  const onsetMs = (row.onset + 3 * Math.sqrt(row.onset)) * perAssignedMs;
  // The hold is over while the fault is being found out, so that the rollout would advance if nothing stopped it.
  const hold = Math.ceil(onsetMs + (boundOf(row) / 2) * perAssignedMs) + SETTLE_MS;
  const { guardrails } = fault;
  const isLast = row.weight === 'the last step';
  const steps = isLast
    ? ([
        { weight: 0.5, hold: '1d' },
        { weight: 1, hold },
      ] as const)
    : ([{ weight: share, hold }, { weight: 1 }] as const);
  const canary = { ...feature.canary, ...fault.canary };
  const world = new World({ rollout: { steps, ...(guardrails && { guardrails }) }, ...feature, canary, seed });
  let [calls, good] = [0, 0];
  let quality = 0.8;
  const score =
    guardrails && 'quality' in guardrails
      ? (upstream: string) => (upstream === 'gemini' ? quality : 0.8) + 0.1 * (world.random() - 0.5)
      : undefined;
  const next = async (): Promise<boolean> => {
    calls += 1;
    const task = calls % (1 / TASK_SHARE) === 5 ? feature.task : undefined;
    const shape = { key: `user-${calls}`, ...(task !== undefined && { task }) };
    // Calls of a task are judged once a share of them stays on stable, which is from the hundredth on.
    const isAssigned = task === undefined && world.isAssigned(shape.key);
    // One question in ten has been asked before.
    const content = calls % 10 === 0 ? `question-${calls % 100}` : shape.key;
    world.call({ ...shape, content, stream: fault.stream === true }, score);
    await world.clock.advance(EVERY_MS);
    return isAssigned;
  };
  if (isLast) {
    for (let call = 0; call < 100; call += 1) await next();
    world.rollout.promote();
  }
  const sinceMs = world.clock.now();
  while (good < row.onset || world.clock.now() - sinceMs < onsetMs) if (await next()) good += 1;
  await world.clock.advance(SETTLE_MS);
  const brokeAtMs = world.clock.now();
  const before = { ...world.lost };
  world.replies.set('gemini', fault.reply(world));
  quality = fault.quality ?? quality;
  let assigned = 0;
  const longestMs = PATIENCE * boundOf(row) * perAssignedMs;
  while (world.rollbacks.length === 0 && world.clock.now() - brokeAtMs < longestMs) if (await next()) assigned += 1;
  await world.clock.advance(feature.isAlone ? SETTLE_ALONE_MS : SETTLE_MS);
  const sentBefore = world.requests.gemini;
  for (let call = 0; call < 20; call += 1) await next();
  const sentAfter = world.requests.gemini - sentBefore;
  const [rollback] = world.rollbacks;
  const advances = world.advances.filter((atMs) => atMs > brokeAtMs).length;
  await world.close();
  return {
    assigned: rollback ? assigned : Infinity,
    afterMs: rollback ? rollback.atMs - brokeAtMs : Infinity,
    reason: rollback?.reason,
    by: rollback?.by,
    advances,
    pauses: world.pauses,
    lost: world.lost.calls - before.calls,
    lostByStable: world.lost.byStable - before.byStable,
    calls,
    sentAfter,
  };
}
