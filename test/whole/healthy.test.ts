/** Canaries that are as good as stable are promoted, whatever else is on. `npm run simulate -- null` has the counts. */

import { describe, expect, test } from 'vitest';
import { runHealthy, type HealthyTraffic } from '../../bench/decisions/healthy-rollouts.ts';
import { FEATURES, names, type Feature } from './support/rows.ts';
import { World } from './support/world.ts';

const STEPS = [
  { weight: 0.3, hold: '5s' },
  { weight: 1, hold: '5s' },
] as const;

describe('through the public client', () => {
  test.each(names(FEATURES))('a healthy canary is promoted with %s', async (name) => {
    const feature: Feature = FEATURES[name];
    const rollout = { steps: STEPS, guardrails: { errorRate: { margin: 0.15 } } };
    const world = new World({ rollout, ...feature, seed: 7 });
    for (let call = 0; call < 3_000 && world.rollout.state.phase === 'progressing'; call += 1) {
      world.call({ key: `user-${call}`, ...(feature.task !== undefined && call % 10 === 5 && { task: feature.task }) });
      await world.clock.advance(100);
    }
    await world.close();
    expect(world.rollbacks).toEqual([]);
    expect(world.pauses).toEqual([]);
    expect(world.rollout.state.phase).toBe('promoted');
  });

  test('a canary at a fifth of the price is promoted where all calls of stable cost the same', async () => {
    const guardrails = { errorRate: { margin: 0.15 }, costPerCall: {} };
    const world = new World({ rollout: { steps: STEPS, guardrails }, seed: 7 });
    world.replies.set('gemini', world.healthy('gemini', { dearer: 0.2 }));
    for (let call = 0; call < 3_000 && world.rollout.state.phase === 'progressing'; call += 1) {
      world.call({ key: `user-${call}` });
      await world.clock.advance(100);
    }
    await world.close();
    expect(world.rollbacks).toEqual([]);
    expect(world.rollout.state.phase).toBe('promoted');
  });
});

describe('in simulated rollouts', () => {
  const usual = (): number => 0.01;
  const ROWS: Readonly<Record<string, HealthyTraffic>> = {
    'usual traffic': { callsPerSecond: 20, errorRate: usual },
    'an incident of both': { callsPerSecond: 20, errorRate: (atMs) => (atMs > 60_000 && atMs < 120_000 ? 0.2 : 0.01) },
    'a drift from 0.5 to 3 % errors of both': {
      callsPerSecond: 20,
      errorRate: (atMs) => 0.005 + 0.025 * Math.min(1, atMs / 600_000),
    },
    'one tenant with 60 % of the calls': { callsPerSecond: 20, errorRate: usual, heavyShare: 0.6 },
    'one call a minute': { callsPerSecond: 1 / 60, errorRate: usual },
    'slow answers': { callsPerSecond: 20, errorRate: usual, slower: 10 },
    'bursts of calls': { callsPerSecond: 20, errorRate: usual, slower: 3, burst: 200 },
  };

  test.each(Object.entries(ROWS))('a healthy canary is promoted with %s', (_name, traffic) => {
    const ends = Array.from({ length: 12 }, (_, seed) => runHealthy(seed, traffic));
    expect(ends.map(({ promoted }) => promoted)).toEqual(ends.map(() => true));
  });
});
