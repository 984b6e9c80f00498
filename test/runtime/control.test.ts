/** `client.canary`: events, weights, history, snapshots and `close()`. */

import { expect, test } from 'vitest';
import { CanaryClient, ConfigError, route, type Snapshot } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { ask } from '../support/calls.ts';
import { setUp } from '../support/set-up.ts';

const START_MS = Date.UTC(2026, 0, 1);

test('emits `metrics` at each interval after the first listener', async () => {
  const { ai, clock } = setUp({ canary: { metricsInterval: '10s' } });
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(4_000);
  const seen: Snapshot[] = [];
  ai.canary.on('metrics', (snapshot) => seen.push(snapshot));
  await ask(ai);
  await clock.advance(30_000);
  expect(seen.map(({ atMs }) => atMs - START_MS)).toEqual([14_000, 24_000, 34_000]);
  expect(seen[0]).toMatchObject({ calls: 1, upstreams: { openai: { successes: 1, breaker: { state: 'closed' } } } });
});

test('two listeners of `metrics` share one interval', async () => {
  const { ai, clock } = setUp();
  let received = 0;
  ai.canary.on('metrics', () => (received += 1));
  ai.canary.once('metrics', () => (received += 1));
  expect(clock.pendingTimers).toBe(1);
  await clock.advance(60_000);
  expect(received).toBe(3);
});

test('has no timers before and after a call without alerts and metrics', async () => {
  const { ai, clock } = setUp();
  expect(clock.pendingTimers).toBe(0);
  await ask(ai);
  expect(clock.pendingTimers).toBe(0);
});

test('close() stops all timers, and calls still work', async () => {
  const alerts = [{ name: 'a', metric: 'errorRate', above: 0.5 }] as const;
  const { ai, clock, events } = setUp({ canary: { alerts } });
  let received = 0;
  ai.canary.on('metrics', () => (received += 1));
  expect(clock.pendingTimers).toBe(2);
  void ai.canary.close();
  void ai.canary.close();
  expect(clock.pendingTimers).toBe(0);
  expect((await ask(ai)).choices).toHaveLength(1);
  await clock.advance(120_000);
  expect(received).toBe(0);
  expect(events.all).toEqual([]);
});

test('a listener of `metrics` may close the client', async () => {
  const { ai, clock } = setUp();
  let received = 0;
  ai.canary.on('metrics', () => {
    received += 1;
    void ai.canary.close();
  });
  await clock.advance(120_000);
  expect(received).toBe(1);
  expect(clock.pendingTimers).toBe(0);
});

test('a listener of `metrics` that is added after close() starts no timer', () => {
  const { ai, clock } = setUp();
  void ai.canary.close();
  ai.canary.on('metrics', () => undefined);
  expect(clock.pendingTimers).toBe(0);
});

test('`await using` closes a client', async () => {
  const clock = new ManualClock();
  {
    await using ai = new CanaryClient({ apiKey: 'k', canary: { clock } });
    ai.canary.on('metrics', () => undefined);
    expect(clock.pendingTimers).toBe(1);
  }
  expect(clock.pendingTimers).toBe(0);
});

test('weights are shares that sum to 1', () => {
  const { ai } = setUp({ upstreams: { gemini: {} }, canary: { weights: { openai: 95, gemini: 5 } } });
  expect(ai.canary.weights).toEqual({ openai: 0.95, gemini: 0.05 });
  ai.canary.setWeights({ gemini: 0.25 });
  expect(ai.canary.weights).toEqual({ openai: 0.75, gemini: 0.25 });
});

test('all traffic goes to stable without weights', () => {
  const { ai } = setUp({ upstreams: { gemini: {} } });
  expect(ai.canary.weights).toMatchObject({ openai: 1 });
});

test.each([[{ gemni: 1 }], [{ gemini: -1 }], [{ gemini: Number.NaN }], [{ openai: 0, gemini: 0 }]])(
  'setWeights(%j) throws and changes nothing',
  (weights) => {
    const { ai } = setUp({ upstreams: { gemini: {} }, canary: { weights: { gemini: 0.5 } } });
    expect(() => ai.canary.setWeights(weights as Record<string, number>)).toThrow(ConfigError);
    expect(ai.canary.weights).toEqual({ openai: 0.5, gemini: 0.5 });
    expect(ai.canary.history).toEqual([]);
  },
);

test('history lists each change with its time, oldest first', async () => {
  const { ai, clock } = setUp({ upstreams: { gemini: {} } });
  ai.canary.setWeights({ gemini: 0.1 });
  await clock.advance(1_000);
  ai.canary.setWeights({ gemini: 0.5 });
  expect(ai.canary.history).toMatchObject([
    { action: 'setWeights', atMs: START_MS, weightsBefore: { openai: 1 }, weightsAfter: { openai: 0.9, gemini: 0.1 } },
    {
      action: 'setWeights',
      atMs: START_MS + 1_000,
      weightsBefore: { openai: 0.9, gemini: 0.1 },
      weightsAfter: { openai: 0.5, gemini: 0.5 },
    },
  ]);
});

test('history returns a copy and is bounded', () => {
  const { ai } = setUp({ upstreams: { gemini: {} } });
  for (let change = 0; change < 300; change++) ai.canary.setWeights({ gemini: change % 2 === 0 ? 0.5 : 0.1 });
  const { history } = ai.canary;
  expect(history.length).toBeLessThanOrEqual(200);
  (history as unknown[]).length = 0;
  expect(ai.canary.history.length).toBeGreaterThan(0);
});

test('a snapshot does not change after it was taken', async () => {
  const { ai } = setUp({ upstreams: { gemini: {} } });
  const before = ai.canary.snapshot();
  const copy = structuredClone(before);
  await ask(ai, route({ upstream: 'gemini' }));
  ai.canary.setWeights({ gemini: 1 });
  expect(before).toEqual(copy);
});
