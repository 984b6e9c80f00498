/** Calls in flight: the side that takes longer is neither favoured nor harmed by what is not answered yet. */

import { expect, test } from 'vitest';
import { failed } from '../support/replies.ts';
import { hanging, World } from './support/world.ts';

const STEPS = [{ weight: 0.5, hold: '1d' }, { weight: 1 }] as const;

/** Calls of ever new callers, until a rollback. */
async function drive(world: World, { calls, everyMs }: { calls: number; everyMs: number }, from = 0): Promise<void> {
  for (let call = 0; call < calls && world.rollbacks.length === 0; call += 1) {
    world.call({ key: `user-${from + call}` });
    await world.clock.advance(everyMs);
  }
}

test.each([
  [3, 20],
  [30, 100],
  [200, 100],
])('keeps a canary that answers as well, %d times slower, where latency is not guarded', async (slower, everyMs) => {
  const world = new World({ rollout: { steps: STEPS }, seed: slower });
  world.replies.set('gemini', world.healthy('gemini', { slower }));
  await drive(world, { calls: 1_500, everyMs });
  expect(world.rollbacks).toEqual([]);
  await world.clock.advance(300_000);
  await world.close();
  const { canary, stable } = world.rollout.state;
  expect(canary.calls + stable.calls).toBe(1_500);
  expect(world.rollbacks).toEqual([]);
});

test('keeps a canary that answers a burst of calls later than stable', async () => {
  const world = new World({ rollout: { steps: STEPS }, seed: 1 });
  world.replies.set('gemini', world.healthy('gemini', { slower: 3 }));
  for (let call = 0; call < 300; call += 1) world.call({ key: `user-${call}` });
  await world.clock.advance(60_000);
  await world.close();
  expect(world.rollbacks).toEqual([]);
  expect(world.rollout.state.canary.calls).toBeGreaterThan(100);
});

test('rolls back a canary that hangs from its first call on, long before its calls time out', async () => {
  const world = new World({ rollout: { steps: STEPS }, seed: 1 });
  world.replies.set('gemini', hanging);
  await drive(world, { calls: 5_000, everyMs: 200 });
  expect(world.rollbacks).toMatchObject([{ by: 'evidence', reason: expect.stringContaining('given up as too slow') }]);
  expect(world.clock.now() - Date.UTC(2026, 0, 1)).toBeLessThan(130_000);
  await world.close();
});

test('notices an outage while slow calls of both sides are in flight', async () => {
  const world = new World({ rollout: { steps: STEPS }, seed: 1 });
  await drive(world, { calls: 100, everyMs: 100 });
  for (const upstream of ['openai', 'gemini']) world.replies.set(upstream, hanging);
  await drive(world, { calls: 10, everyMs: 10 }, 100);
  world.replies.delete('openai');
  world.replies.set('gemini', failed(503));
  const brokeAtMs = world.clock.now();
  await drive(world, { calls: 100, everyMs: 100 }, 110);
  expect(world.rollbacks).toMatchObject([{ by: 'evidence' }]);
  expect(world.rollbacks[0]!.atMs - brokeAtMs).toBeLessThan(5_000);
  await world.close();
});
