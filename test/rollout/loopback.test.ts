/** Rollouts over real HTTP, with providers on the loopback interface. */

import { expect, test } from 'vitest';
import { CanaryClient, route, type RolloutOptions } from '../../src/index.ts';
import { ManualClock, collectEvents, seededRandom, startProvider } from '../../src/testing/index.ts';
import { ask } from '../support/calls.ts';

const KEY = 'sk-test-0123456789abcdef';
const AT_HALF: RolloutOptions = { to: 'relay', steps: [{ weight: 0.5, hold: '1d' }, { weight: 1 }] };

/** A client with two providers, and a driver that makes 20 calls per second, each with another key. */
function world(urls: { readonly stable: string; readonly relay: string }) {
  const clock = new ManualClock();
  const ai = new CanaryClient<string, string>({
    apiKey: KEY,
    baseURL: urls.stable,
    maxRetries: 0,
    canary: {
      clock,
      random: seededRandom(1),
      logger: { warn: () => undefined },
      breaker: false,
      upstreams: { relay: { baseURL: urls.relay, apiKey: KEY } },
      rollout: AT_HALF,
    },
  });
  const events = collectEvents(ai, ['rollback', 'step', 'alert']);
  let caller = 0;
  const drive = async (rounds: number): Promise<void> => {
    for (let round = 0; round < rounds && events.of('rollback').length === 0; round++) {
      const calls = Array.from({ length: 20 }, () => ask(ai, route({ key: `user-${(caller += 1)}` })));
      await Promise.allSettled(calls);
      await clock.advance(1_000);
    }
  };
  return { ai, events, drive };
}

test.each([
  ['an outage', { errorRate: 1 }, 25],
  ['a regression to a fifth of errors', { errorRate: 0.2 }, 150],
])('%s of the canary rolls it back, and it gets no more requests', async (_what, worse, mostExposed) => {
  await using stable = await startProvider({ apiKey: KEY, errorRate: 0.01, seed: 1 });
  await using relay = await startProvider({ apiKey: KEY, errorRate: 0.01, seed: 2 });
  const { ai, events, drive } = world({ stable: stable.url, relay: relay.url });
  await drive(10);
  expect(events.of('rollback')).toEqual([]);
  const before = ai.canary.rollout.state.callsExposed;
  relay.set(worse);
  await drive(40);
  expect(events.of('rollback')).toMatchObject([{ upstream: 'relay', by: 'evidence', guardrail: 'errorRate' }]);
  expect(ai.canary.rollout.state.callsExposed - before).toBeLessThan(mostExposed);
  const asked = relay.requests.length;
  await Promise.all(
    Array.from({ length: 30 }, (_, caller) => ask(ai, route({ key: `user-${caller}` })).catch(() => 0)),
  );
  expect(relay.requests.length).toBe(asked);
  void ai.canary.close();
});

test('an outage of both providers does not roll back', async () => {
  await using stable = await startProvider({ apiKey: KEY, seed: 1 });
  await using relay = await startProvider({ apiKey: KEY, seed: 2 });
  const { ai, events, drive } = world({ stable: stable.url, relay: relay.url });
  await drive(5);
  stable.set({ errorRate: 1 });
  relay.set({ errorRate: 1 });
  await drive(10);
  expect(events.of('rollback')).toEqual([]);
  void ai.canary.close();
});
