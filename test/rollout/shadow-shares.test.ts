/** Shadow steps that raise their own share, and shadow steps in a store: restarts, and processes that add up their copies. */

import { describe, expect, test } from 'vitest';
import { memoryStore, type RolloutOptions, type Store } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { chat, failed } from '../support/replies.ts';
import type { SetUp } from '../support/set-up.ts';
import { callersOf, setUpShadowStep, stateOf, STEPS, trafficOf, waitsOf } from '../support/shadow-steps.ts';

const RAISING: RolloutOptions['steps'] = [
  { shadow: { from: 0.2, to: 1 }, hold: '1s' },
  { weight: 0.01, hold: '1d' },
  { weight: 1 },
];

const shareOf = ({ ai }: SetUp): number => ai.canary.shadow.share('gemini');

describe('a share that raises itself', () => {
  test('doubles after each 30 good copies, and the step ends at the largest one', async () => {
    const set = setUpShadowStep({ steps: RAISING });
    const run = trafficOf(set);
    const shares = new Set<number>();
    await run({ calls: 300, until: () => (shares.add(shareOf(set)), stateOf(set).canary.calls >= 28) });
    expect(stateOf(set)).toMatchObject({ step: 0, shadowShare: 0.2 });
    await run({ calls: 40, until: () => shareOf(set) > 0.2 });
    expect(stateOf(set).shadowShare).toBe(0.4);
    expect(waitsOf(set)).toContain('the shadow is at 0.4 of 1 of the calls');
    await run({ calls: 1_000, until: () => (shares.add(shareOf(set)), stateOf(set).step === 1) });
    expect(stateOf(set)).toMatchObject({ step: 1, shadowShare: 0 });
    expect([...shares]).toEqual([0.2, 0.4, 0.8, 1, 0]);
  });

  test('falls back to the first one when the evidence speaks against the canary, and callers stay on stable', async () => {
    const set = setUpShadowStep({ steps: RAISING });
    const run = trafficOf(set);
    await run({ calls: 400, until: () => shareOf(set) === 0.8 });
    expect(shareOf(set)).toBe(0.8);
    set.providers.usually('gemini', failed(503));
    await run({ calls: 100, until: () => stateOf(set).evidence >= 0.5 });
    await set.clock.advance(1_000);
    expect({ share: shareOf(set), state: stateOf(set).shadowShare }).toEqual({ share: 0.2, state: 0.2 });
    await run({ calls: 300, until: () => stateOf(set).phase === 'rolledBack' });
    expect(stateOf(set)).toMatchObject({ phase: 'rolledBack', shadowShare: 0 });
    expect(callersOf(set)).toBe(0);
  });

  test('stands still without copies, and keeps its share in a pause', async () => {
    const set = setUpShadowStep({ steps: RAISING });
    const run = trafficOf(set);
    await run({ calls: 400, until: () => shareOf(set) === 0.4 });
    set.ai.canary.rollout.pause();
    await run({ calls: 200 });
    expect(stateOf(set)).toMatchObject({ phase: 'paused', shadowShare: 0.4 });
    set.ai.canary.rollout.resume();
    expect(stateOf(set)).toMatchObject({ phase: 'progressing', shadowShare: 0.4 });
  });
});

/** A store that outlives its clients. */
function sharedStore(): { readonly store: Store; readonly clock: ManualClock } {
  const clock = new ManualClock();
  return { store: { ...memoryStore({ now: () => clock.now() }), persistent: true }, clock };
}

async function start(store: Store, rollout: Partial<RolloutOptions> = {}): Promise<SetUp> {
  const set = setUpShadowStep(rollout, { store });
  await set.clock.advance(0);
  return set;
}

describe('with a store', () => {
  test('continues after a restart in the middle of the step with its copies and its share', async () => {
    const { store } = sharedStore();
    const steps = [{ shadow: { from: 0.2, to: 0.8 }, hold: '1h' }, { weight: 0.5 }, { weight: 1 }] as const;
    const before = await start(store, { steps });
    await trafficOf(before)({ calls: 400, until: () => stateOf(before).shadowShare === 0.8 });
    const { canary, guardrails, shadowShare } = stateOf(before);
    void before.ai.canary.close();
    await before.clock.advance(0);

    const after = await start(store, { steps });
    expect(stateOf(after)).toMatchObject({ step: 0, canary, guardrails, shadowShare });
    expect(shareOf(after)).toBe(0.8);
    // What the copies have shown counts on: a failing canary is rolled back as before.
    after.providers.usually('gemini', failed(500));
    const calls = await trafficOf(after)({ calls: 300, until: () => stateOf(after).phase === 'rolledBack' });
    expect(stateOf(after)).toMatchObject({ phase: 'rolledBack', callsExposed: 0 });
    expect(calls).toBeLessThan(60);
  });

  test('a restart does not let a failing canary begin again with a clean slate', async () => {
    const { store } = sharedStore();
    const before = await start(store);
    before.providers.usually('gemini', failed(500));
    await trafficOf(before)({ calls: 8 });
    expect(stateOf(before)).toMatchObject({ phase: 'progressing', canary: { calls: 8, failures: 8 } });
    void before.ai.canary.close();
    await before.clock.advance(0);
    const after = await start(store);
    after.providers.usually('gemini', failed(500));
    const calls = await trafficOf(after)({ calls: 100, until: () => stateOf(after).phase === 'rolledBack' });
    expect(calls).toBeLessThan(8);
  });

  /** Lets both processes make calls, and a second pass for the store and for them. */
  async function together(
    clock: ManualClock,
    members: readonly { readonly set: SetUp; readonly calls: number }[],
    seconds: number,
    until: () => boolean,
  ): Promise<void> {
    const runs = members.map(({ set }) => trafficOf(set));
    for (let second = 0; second < seconds && !until(); second++) {
      await clock.advance(1_000);
      for (const [index, { set, calls }] of members.entries()) {
        if (calls === 0) await set.clock.advance(1_000);
        else await runs[index]!({ calls, everyMs: 1_000 / calls });
      }
    }
  }

  test('the copies of a process without the lead count for the one that leads without any traffic', async () => {
    const { store, clock } = sharedStore();
    const leader = await start(store);
    const other = await start(store);
    await together(
      clock,
      [
        { set: leader, calls: 0 },
        { set: other, calls: 5 },
      ],
      60,
      () => stateOf(other).step === 1,
    );
    expect(leader.providers.sent).toEqual([]);
    expect([stateOf(leader).step, stateOf(other).step]).toEqual([1, 1]);
  });

  test('a canary that fails in another process only is rolled back in both', async () => {
    const { store, clock } = sharedStore();
    const steps: RolloutOptions['steps'] = [{ shadow: 1, hold: '1h' }, ...STEPS.slice(1)];
    const leader = await start(store, { steps });
    const other = await start(store, { steps });
    leader.providers.usually('gemini', chat());
    other.providers.usually('gemini', failed(401, { code: 'invalid_api_key' }));
    const isOver = (): boolean => [leader, other].every((set) => stateOf(set).phase === 'rolledBack');
    await together(
      clock,
      [
        { set: leader, calls: 5 },
        { set: other, calls: 5 },
      ],
      60,
      isOver,
    );
    expect(isOver()).toBe(true);
    expect([callersOf(leader), callersOf(other)]).toEqual([0, 0]);
    expect([shareOf(leader), shareOf(other)]).toEqual([0, 0]);
  });

  test('processes that do not lead follow the share', async () => {
    const { store, clock } = sharedStore();
    const steps: RolloutOptions['steps'] = [{ shadow: { from: 0.4, to: 0.8 }, hold: '1h' }, ...STEPS.slice(1)];
    const leader = await start(store, { steps });
    const other = await start(store, { steps });
    await together(
      clock,
      [
        { set: leader, calls: 5 },
        { set: other, calls: 5 },
      ],
      60,
      () => shareOf(other) === 0.8,
    );
    expect([shareOf(leader), shareOf(other)]).toEqual([0.8, 0.8]);
  });
});
