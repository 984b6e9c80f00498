/** Rollouts in a store: restarts, crashes, several processes. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { fileStore, memoryStore, route, type Store } from '../../src/index.ts';
import { ask } from '../support/calls.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';

const STEPS = [{ weight: 0.2, minCalls: 30 }, { weight: 0.5, hold: '1d' }, { weight: 1 }] as const;
const ROLLOUT = { steps: STEPS, guardrails: { errorRate: { margin: 0.3 } } };

/** A store that outlives the client, like a file or a server. Its leases run on this clock. */
function persistentStore(): { readonly store: Store; readonly clock: { nowMs: number } } {
  const clock = { nowMs: 0 };
  return { store: { ...memoryStore({ now: () => clock.nowMs }), persistent: true }, clock };
}

async function start(store: Store, rollout: object = ROLLOUT) {
  const set = setUpRollout(rollout, { store });
  await set.clock.advance(0);
  return set;
}

const assignments = (set: ReturnType<typeof setUpRollout>, callers = 200): readonly string[] =>
  Array.from({ length: callers }, (_, caller) => set.ai.canary.explain({ key: `user-${caller}` }).upstream);

test('continues after a restart with its step, its evidence and the same assignment of every key', async () => {
  const { store } = persistentStore();
  const before = await start(store);
  failAt(before, { openai: 0.02, gemini: 0.02 });
  await driver(before)({ calls: 1_500, perSecond: 100 });
  expect(before.ai.canary.rollout.state.step).toBe(1);
  const stateBefore = before.ai.canary.rollout.state;
  void before.ai.canary.close();
  await before.clock.advance(0);

  const after = await start(store);
  const { guardrails, canary, step, callsExposed } = after.ai.canary.rollout.state;
  expect({ guardrails, canary, step, callsExposed }).toEqual({
    guardrails: stateBefore.guardrails,
    canary: stateBefore.canary,
    step: stateBefore.step,
    callsExposed: stateBefore.callsExposed,
  });
  expect(assignments(after)).toEqual(assignments(before));
  expect(after.ai.canary.rollout.history).toEqual(before.ai.canary.rollout.history);
  await after.clock.advance(1_000);
  expect(after.events.of('warning')).toEqual([]);
});

test('a rollout whose store has not answered yet is starting, and one whose store fails says so', async () => {
  const set = setUpRollout(ROLLOUT, { store: { ...memoryStore(), read: () => new Promise(() => undefined) } });
  const waits = () => set.ai.canary.rollout.state.waitsFor;
  expect(waits()).toEqual([{ for: 'store', message: 'starting: the state is being read from the store' }]);
  await set.clock.advance(30_000);
  expect(waits()).toEqual([{ for: 'store', message: 'the store does not answer' }]);
});

test('disposing of a client waits until the store has its evidence', async () => {
  const { store } = persistentStore();
  const written: string[] = [];
  const slow: Store = {
    ...store,
    write: async (key, value, fence) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      written.push(key);
      return store.write(key, value, fence);
    },
  };
  const set = await start(slow);
  const before = written.length;
  await set.ai[Symbol.asyncDispose]();
  expect(written.length).toBeGreaterThan(before);
  expect(await store.lease(written.at(-1) ?? '', 'another', 1_000)).toBeDefined();
});

test('a canary that was rolled back stays rolled back, even under other options', async () => {
  const { store } = persistentStore();
  const before = await start(store);
  before.ai.canary.rollout.rollback('bad');
  await before.clock.advance(0);
  void before.ai.canary.close();
  await before.clock.advance(0);
  expect((await start(store)).ai.canary.rollout.state).toMatchObject({ phase: 'rolledBack', reason: 'bad' });
});

test('an unfinished rollout starts over under other options', async () => {
  const { store } = persistentStore();
  const before = await start(store);
  before.ai.canary.rollout.promote();
  await before.clock.advance(0);
  void before.ai.canary.close();
  await before.clock.advance(0);
  const after = await start(store, { ...ROLLOUT, steps: [{ weight: 0.1 }] });
  expect(after.ai.canary.rollout.state).toMatchObject({ phase: 'progressing', step: 0, weight: 0.1 });
});

test('without a persistent store a rollout starts over in each process, and warns', async () => {
  for (const store of [undefined, memoryStore()]) {
    const set = setUpRollout(ROLLOUT, { store });
    await set.clock.advance(1_000);
    expect(set.events.of('warning')).toMatchObject([
      { code: 'rollout', message: expect.stringContaining('first step') },
    ]);
  }
});

describe('a decision is written before it takes effect:', () => {
  test('a step that is not written yet is not in force', async () => {
    const { store } = persistentStore();
    let write: (() => void) | undefined;
    const slow: Store = {
      ...store,
      write: async (...args) => {
        await new Promise<void>((resolve) => (write = resolve));
        return store.write(...args);
      },
    };
    const set = await start(slow);
    write?.();
    await set.clock.advance(0);
    set.ai.canary.rollout.promote();
    await set.clock.advance(0);
    expect(set.ai.canary.weights.gemini).toBe(0.2);
    expect(set.events.of('step')).toEqual([]);
    write?.();
    await set.clock.advance(0);
    expect(set.ai.canary.weights.gemini).toBe(0.5);
    expect(set.events.of('step')).toHaveLength(1);
    // After a crash at this moment the next process finds the decision.
    const stored = await store.read('rollout:gemini');
    expect(stored).toMatchObject({ memory: { state: { step: 1 } } });
  });

  test('a rollback removes the traffic at once', async () => {
    const { store } = persistentStore();
    const stuck: Store = { ...store, write: () => new Promise(() => undefined) };
    const set = await start(stuck);
    set.ai.canary.rollout.rollback('bad');
    expect(set.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
  });

  test('a store that never answers does not stop the evaluation of the canary', async () => {
    const { store } = persistentStore();
    let hangs = false;
    const hanging: Store = {
      ...store,
      write: (...args) => (hangs ? new Promise(() => undefined) : store.write(...args)),
    };
    const set = await start(hanging);
    hangs = true;
    set.ai.canary.rollout.promote();
    await set.clock.advance(15_000);
    expect(set.events.of('step')).toEqual([]);
    expect(set.ai.canary.rollout.state).toMatchObject({ phase: 'progressing', step: 0, weight: 0.2 });
    failAt(set, { gemini: 1 });
    await driver(set)({ calls: 400, perSecond: 20, until: () => set.ai.canary.weights.gemini === 0 });
    expect(set.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
    await set.clock.advance(15_000);
    expect(set.events.of('rollback')).toHaveLength(1);
    expect(set.events.of('warning').map(({ message }) => message)).toEqual([
      expect.stringContaining('The store failed'),
      'promote of the rollout to gemini is not in force, because it could not be written',
    ]);
  });

  test('an unavailable store fails no call and delays no rollback', async () => {
    const { store } = persistentStore();
    let isDown = false;
    const refuse = () => (isDown ? Promise.reject(new Error('ECONNREFUSED')) : undefined);
    const shaky: Store = {
      ...store,
      write: (...args) => refuse() ?? store.write(...args),
      lease: (...args) => refuse() ?? store.lease(...args),
    };
    const set = await start(shaky);
    isDown = true;
    failAt(set, { gemini: 1 });
    await driver(set)({ calls: 200, perSecond: 20, until: () => set.events.of('rollback').length > 0 });
    expect(set.events.of('rollback')).toHaveLength(1);
    expect(set.events.of('warning')).toMatchObject([{ code: 'store' }]);
    isDown = false;
    await set.clock.advance(2_000);
    expect(await store.read('rollout:gemini')).toMatchObject({ memory: { state: { phase: 'rolledBack' } } });
  });
});

describe('two processes', () => {
  test('one leads and the other follows', async () => {
    const { store } = persistentStore();
    const leader = await start(store);
    const follower = await start(store);
    expect(follower.ai.canary.rollout.state.waitsFor).toEqual(leader.ai.canary.rollout.state.waitsFor);
    leader.ai.canary.rollout.promote();
    await leader.clock.advance(0);
    await follower.clock.advance(1_000);
    expect(follower.ai.canary.weights).toEqual(leader.ai.canary.weights);
    expect(assignments(follower)).toEqual(assignments(leader));
    expect(follower.events.of('step')).toMatchObject([{ step: 1 }]);
  });

  test('the leader carries out the verbs of the follower', async () => {
    const { store } = persistentStore();
    const leader = await start(store);
    const follower = await start(store);
    follower.ai.canary.rollout.rollback('seen from here');
    await follower.clock.advance(0);
    await leader.clock.advance(1_000);
    expect(leader.ai.canary.rollout.state).toMatchObject({ phase: 'rolledBack', reason: 'seen from here' });
    await follower.clock.advance(1_000);
    expect(follower.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
  });

  test('the follower takes the lease when the leader has died, and continues the rollout', async () => {
    const { store, clock } = persistentStore();
    const leader = await start(store);
    const follower = await start(store);
    leader.ai.canary.rollout.promote();
    await leader.clock.advance(0);
    clock.nowMs += 60_000;
    await follower.clock.advance(1_000);
    expect(follower.ai.canary.rollout.state).toMatchObject({ step: 1, phase: 'progressing' });
    follower.ai.canary.rollout.promote();
    await follower.clock.advance(0);
    expect(follower.ai.canary.rollout.state.step).toBe(2);
    // The former leader writes no step: it finds that it no longer holds the lease.
    leader.ai.canary.rollout.promote();
    await leader.clock.advance(1_000);
    expect(leader.ai.canary.rollout.state).toMatchObject({ phase: 'progressing', step: 2 });
    expect(leader.events.of('step')).toMatchObject([{ step: 1 }, { step: 2 }]);
    expect(leader.events.of('warning').map(({ message }) => message)).toContain(
      'This process no longer leads the rollout to gemini: another process has taken the lease',
    );
  });
});

test('ignores a stored weight above the reserve of the rollout if others follow in the list', async () => {
  const { store } = persistentStore();
  const list = [
    { to: 'gemini', steps: [{ weight: 0.2, hold: '1d' }] },
    { to: 'groq', steps: [{ weight: 0.2, hold: '1d' }] },
  ] as const;
  const set = setUpRollout(list, { store }, { gemini: {}, groq: {} });
  await set.clock.advance(0);
  await store.post('commands:gemini', { verb: 'setWeight', weight: 1 });
  await set.clock.advance(3_000);
  expect(set.ai.canary.weights).toEqual({ openai: 0.6, gemini: 0.2, groq: 0.2 });
  expect(set.events.of('warning')).toMatchObject([{ message: expect.stringContaining('between 0 and 0.2') }]);
});

test('carries out a stored command once, and warns about an impossible one', async () => {
  const { store } = persistentStore();
  const set = await start(store);
  await store.post('commands:gemini', { verb: 'pause', reason: 'from the command line' });
  await store.post('commands:gemini', { verb: 'undo' });
  await set.clock.advance(3_000);
  expect(set.ai.canary.rollout.state).toMatchObject({ phase: 'paused', reason: 'from the command line' });
  expect(set.events.of('pause')).toHaveLength(1);
  expect(set.events.of('warning')).toMatchObject([{ message: expect.stringContaining('undo() is not possible') }]);
});

test('a file store keeps a rollout across a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'canary-rollout-'));
  const path = join(folder, 'canary.json');
  try {
    const before = await start(fileStore(path));
    await vi.waitFor(() => expect(before.ai.canary.weights.gemini).toBe(0.2));
    for (let caller = 0; caller < 30; caller++) await ask(before.ai, route({ key: `user-${caller}` }));
    before.ai.canary.rollout.promote();
    await vi.waitFor(() => expect(before.ai.canary.weights.gemini).toBe(0.5));
    void before.ai.canary.close();
    const after = await start(fileStore(path));
    await vi.waitFor(() => expect(after.ai.canary.weights.gemini).toBe(0.5));
    expect(after.ai.canary.rollout.state.callsExposed).toBe(before.ai.canary.rollout.state.callsExposed);
    void after.ai.canary.close();
    await vi.waitFor(async () => expect(await fileStore(path).lease('rollout:gemini', 'me', 1)).toBeDefined());
  } finally {
    await rm(folder, { recursive: true, maxRetries: 10 });
  }
});
