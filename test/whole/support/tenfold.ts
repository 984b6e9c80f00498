/** A canary with ten times the errors of stable, in one process or in several that share a store. */

import { failing } from '../../support/rollout-traffic.ts';
import { World } from './world.ts';

const EVERY_MS = 10;

/** The assigned canary calls until the rollback. */
export async function tenfold(processes: number, seed: number): Promise<number> {
  const steps = [{ weight: 0.1, hold: '1d' }, { weight: 1 }] as const;
  const world = new World({ rollout: { steps }, client: { maxRetries: 0 }, processes, seed, latencyMs: 100 });
  world.replies.set('openai', failing(0.01, world.random));
  world.replies.set('gemini', failing(0.1, world.random));
  await world.clock.advance(1_000);
  let assigned = 0;
  for (let call = 0; call < 50_000 && world.rollbacks.length === 0; call += 1) {
    const key = `user-${seed}-${call}`;
    if (world.isAssigned(key)) assigned += 1;
    world.call({ key });
    await world.clock.advance(EVERY_MS);
  }
  await world.close();
  return assigned;
}
