/** One run: a canary that is healthy, then breaks. */

import { faultOf, featureOf, type Row, SHARES } from './rows.ts';
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
}

const EVERY_MS = 100;
/** A run without a rollback ends after this many times the bound. */
const PATIENCE = 6;

/** Ten calls a second of ever new callers. The hold of the step ends soon after the onset. */
export async function breakCanary(row: Row, seed: number): Promise<BrokenEnd> {
  const [fault, feature] = [faultOf(row), featureOf(row)];
  const share = SHARES[row.weight];
  const perAssignedMs = EVERY_MS / share;
  const hold = Math.ceil(
    row.onset * perAssignedMs + (fault.bound / 2) * perAssignedMs + (fault.failsAfterMs ?? 0) + 3_000,
  );
  const { guardrails } = fault;
  const isLast = row.weight === 'the last step';
  const steps = isLast
    ? ([
        { weight: 0.5, hold: '1d' },
        { weight: 1, hold },
      ] as const)
    : ([{ weight: share, hold }, { weight: 1 }] as const);
  const world = new World({ rollout: { steps, ...(guardrails && { guardrails }) }, ...feature, seed });
  let [calls, good] = [0, 0];
  let quality = 0.8;
  const score =
    guardrails && 'quality' in guardrails
      ? (upstream: string) => (upstream === 'gemini' ? quality : 0.8) + 0.1 * (world.random() - 0.5)
      : undefined;
  const next = async (): Promise<boolean> => {
    calls += 1;
    const key = `user-${calls}`;
    const isAssigned = world.isAssigned(key);
    // One question in ten has been asked before.
    const content = calls % 10 === 0 ? `question-${calls % 100}` : key;
    world.call({ key, content, stream: fault.stream === true, ...(calls % 10 === 5 && { task: feature.task }) }, score);
    await world.clock.advance(EVERY_MS);
    return isAssigned;
  };
  if (isLast) {
    for (let call = 0; call < 100; call += 1) await next();
    world.rollout.promote();
  }
  while (good < row.onset) if (await next()) good += 1;
  const brokeAtMs = world.clock.now();
  const lostBefore = world.lost.calls;
  world.replies.set('gemini', fault.reply(world));
  quality = fault.quality ?? quality;
  let assigned = 0;
  const longestMs = PATIENCE * fault.bound * perAssignedMs + 1.2 * (fault.failsAfterMs ?? 0);
  while (world.rollbacks.length === 0 && world.clock.now() - brokeAtMs < longestMs) if (await next()) assigned += 1;
  const [rollback] = world.rollbacks;
  const advances = world.advances.filter((atMs) => atMs > brokeAtMs).length;
  await world.close();
  await world.clock.advance(700_000);
  return {
    assigned: rollback ? assigned : Infinity,
    afterMs: rollback ? rollback.atMs - brokeAtMs : Infinity,
    reason: rollback?.reason,
    by: rollback?.by,
    advances,
    pauses: world.pauses,
    lost: world.lost.calls - lostBefore,
    lostByStable: world.lost.byStable,
    calls,
  };
}
