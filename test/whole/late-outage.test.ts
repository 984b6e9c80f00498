/** A canary that answers well for a while and then not at all, at 10 calls a second and 10 % weight, at the defaults. */

import { expect, test } from 'vitest';
import { failed } from '../support/replies.ts';
import { breakCanary } from './support/break-canary.ts';
import { boundOf } from './support/rows.ts';
import { World } from './support/world.ts';

/** The time from the first failure to the rollback, in ms. */
async function timeToRollback(goodCalls: number, seed: number): Promise<number> {
  const steps = [{ weight: 0.1, hold: '1d' }, { weight: 1 }] as const;
  const world = new World({ rollout: { steps }, seed });
  const [good, bad] = [world.healthy('gemini'), failed(503)];
  let brokeAtMs = Infinity;
  world.replies.set('gemini', (request) => {
    if (world.requests.gemini <= goodCalls) return good(request);
    brokeAtMs = Math.min(brokeAtMs, world.clock.now());
    return bad(request);
  });
  for (let call = 0; call < 20_000 && world.rollbacks.length === 0; call += 1) {
    world.call({ key: `user-${seed}-${call}` });
    await world.clock.advance(100);
  }
  await world.close();
  const [rollback] = world.rollbacks;
  expect(rollback).toMatchObject({ by: 'evidence', reason: expect.stringContaining('errorRate') });
  expect(world.advances).toEqual([]);
  return rollback!.atMs - brokeAtMs;
}

test.each([
  [0, 3],
  [20, 3],
  [200, 3],
  [1_000, 1],
])('is rolled back within 10 s in the median after %d good calls', async (goodCalls, runs) => {
  const times: number[] = [];
  for (let seed = 0; seed < runs; seed += 1) times.push(await timeToRollback(goodCalls, seed));
  expect(times.toSorted((one, other) => one - other)[runs >> 1]).toBeLessThanOrEqual(10_000);
});

test('a step that is proven does not end just after the first failure, when the hold is over', async () => {
  const row = { fault: '60 % 503', onset: 200, weight: '5 %', feature: 'cache' } as const;
  const { advances, by, assigned } = await breakCanary(row, 25);
  expect({ advances, by }).toEqual({ advances: 0, by: 'evidence' });
  expect(assigned).toBeLessThanOrEqual(boundOf(row));
});
