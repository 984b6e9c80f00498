/** Calls that segments and tasks send to the canary of a rollout are evidence: a share of them stays on stable for comparison. */

import { describe, expect, test } from 'vitest';
import { memoryStore, route, type CanaryOptions, type RouteOptions, type Store } from '../../src/index.ts';
import { ask, BODY } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { failAt, setUpRollout } from '../support/rollout-traffic.ts';
import type { SetUp } from '../support/set-up.ts';

/** The steps alone would give the canary hardly any call. */
const STEPS = [{ weight: 0.0001, hold: '1d' }, { weight: 1 }] as const;
const BETA = { attributes: { plan: 'beta' } };
const ROUTES = {
  segments: [{ when: { plan: 'beta' }, upstream: 'gemini' }],
  tasks: { routes: { chat: ['gemini', 'kimi', 'openai'], legal: ['gemini', 'kimi'] } },
} satisfies Partial<CanaryOptions>;

const start = (rollout: object = {}, canary: Partial<CanaryOptions> = {}): SetUp =>
  setUpRollout({ steps: STEPS, ...rollout }, { ...ROUTES, ...canary }, { gemini: {}, kimi: {} });

/** Makes `calls` calls, each of another key, 100 a second. Returns the providers that were asked. */
async function make({ ai, clock, providers }: SetUp, calls: number, options: RouteOptions, from = 0) {
  const before = providers.asked.length;
  for (let index = from; index < from + calls; index++) {
    await ask(ai, route({ key: `user-${index}`, ...options })).catch(() => undefined);
    if (index % 100 === 99) await clock.advance(1_000);
  }
  return providers.asked.slice(before);
}

const count = (asked: readonly string[], name: string): number => asked.filter((one) => one === name).length;
const assignedIn = ({ ai }: SetUp) => {
  const { canary, stable } = ai.canary.rollout.state.samples;
  return [canary.assigned, stable.assigned];
};

describe.each<[string, RouteOptions]>([
  ['a segment', BETA],
  ['a task whose route names stable', { task: 'chat' }],
])('of the calls of %s', (_of, options) => {
  test('all of the first 100 go to the canary, and then nine of ten', async () => {
    const set = start();
    expect(count(await make(set, 100, options), 'gemini')).toBe(100);
    expect(assignedIn(set)).toEqual([0, 0]);
    const asked = await make(set, 2_000, options, 100);
    expect(count(asked, 'openai') / 2_000).toBeCloseTo(0.1, 1.5);
    expect(count(asked, 'openai') + count(asked, 'gemini')).toBe(2_000);
    expect(assignedIn(set)).toEqual([count(asked, 'gemini'), count(asked, 'openai')]);
  });

  test('a key stays where it is', async () => {
    const set = start();
    await make(set, 100, options);
    const [first, second] = [await make(set, 200, options), await make(set, 200, options)];
    expect(first).toEqual(second);
    expect(new Set(first)).toEqual(new Set(['gemini', 'openai']));
  });

  test('a canary that fails is rolled back for them, and they go to stable', async () => {
    const set = start({}, { alerts: [] });
    failAt(set, { gemini: 0.3, openai: 0.02 });
    await make(set, 2_000, options);
    const { state } = set.ai.canary.rollout;
    expect(state).toMatchObject({ phase: 'rolledBack', guardrail: 'errorRate' });
    expect(state.callsExposed).toBeLessThan(500);
    expect(count(await make(set, 100, options, 2_000), 'gemini')).toBe(0);
  });

  test('a canary that fails as often as stable is not rolled back', async () => {
    const set = start();
    failAt(set, { gemini: 0.2, openai: 0.2 });
    await make(set, 3_000, options);
    expect(set.ai.canary.rollout.state.phase).toBe('progressing');
    expect(assignedIn(set)[1]).toBeGreaterThan(200);
  });

  test('those kept on stable are explained so', async () => {
    const set = start();
    await make(set, 100, options);
    const plans = Array.from({ length: 50 }, (_, index) => set.ai.canary.explain({ key: `user-${index}`, ...options }));
    const kept = plans.filter(({ assigned }) => assigned === 'openai');
    expect(new Set(kept.map(({ reason }) => reason))).toEqual(new Set(['holdback']));
    expect(kept.every(({ bucket = 0 }) => bucket >= 0.9)).toBe(true);
  });
});

test('a call kept on stable falls back to the rest of its task’s route', async () => {
  const set = start();
  await make(set, 100, { task: 'chat' });
  const key = Array.from({ length: 100 }, (_, index) => `user-${index}`).find(
    (name) => set.ai.canary.explain({ key: name, task: 'chat' }).reason === 'holdback',
  );
  set.providers.script('openai', failed(503));
  set.providers.script('gemini', failed(503));
  const before = set.providers.asked.length;
  await ask(set.ai, route({ key, task: 'chat' }));
  expect(set.providers.asked.slice(before)).toEqual(['openai', 'gemini', 'kimi']);
});

test('of a task whose route does not name stable no call stays there, and none is evidence', async () => {
  const set = start();
  expect(count(await make(set, 300, { task: 'legal' }), 'gemini')).toBe(300);
  expect(assignedIn(set)).toEqual([0, 0]);
});

test('forced calls are neither kept on stable nor evidence', async () => {
  const set = start();
  await make(set, 100, BETA);
  expect(count(await make(set, 100, { ...BETA, upstream: 'gemini' }), 'gemini')).toBe(100);
  expect(assignedIn(set)).toEqual([0, 0]);
});

test('calls that stable could not serve all go to the canary, and are no evidence', async () => {
  const set = start({}, { upstreams: { openai: { capabilities: { tools: false } } } });
  await make(set, 100, BETA);
  const tools = [{ type: 'function' as const, function: { name: 'now', parameters: {} } }];
  const before = set.providers.asked.length;
  for (let index = 0; index < 50; index++) {
    await set.ai.chat.completions.create({ ...BODY, tools }, route({ key: `user-${index}`, ...BETA }));
  }
  expect(count(set.providers.asked.slice(before), 'gemini')).toBe(50);
  expect(assignedIn(set)).toEqual([0, 0]);
});

test.each([
  [0, 0],
  [0.4, 0.4],
])('holdback: %d keeps that share on stable', async (holdback, share) => {
  const set = start({ holdback });
  await make(set, 100, BETA);
  expect(count(await make(set, 1_000, BETA, 100), 'openai') / 1_000).toBeCloseTo(share, 1);
  expect(assignedIn(set)[0]! > 0).toBe(share > 0);
});

test('a holdback above a half is refused', () => {
  expect(() => start({ holdback: 0.6 })).toThrow('canary.rollout.holdback should be between 0 and 0.5, got 0.6');
});

test('a pause keeps them on their side, and a promotion ends the comparison', async () => {
  const set = start();
  await make(set, 100, BETA);
  const before = await make(set, 100, BETA);
  set.ai.canary.rollout.pause();
  expect(await make(set, 100, BETA)).toEqual(before);
  set.ai.canary.rollout.promote({ full: true });
  expect(count(await make(set, 100, BETA), 'gemini')).toBe(100);
});

test('with a store, another process and a restarted one keep the same keys on stable', async () => {
  const store: Store = { ...memoryStore({ now: () => 0 }), persistent: true };
  const join = async (): Promise<SetUp> => {
    const set = start({}, { store });
    await set.clock.advance(0);
    return set;
  };
  const [one, other] = [await join(), await join()];
  await make(one, 300, BETA);
  for (let second = 0; second < 10; second++) for (const { clock } of [one, other]) await clock.advance(1_000);
  const kept = await make(one, 200, BETA);
  expect(count(kept, 'openai')).toBeGreaterThan(0);
  expect(await make(other, 200, BETA)).toEqual(kept);
  await one.ai.canary.close();
  await other.ai.canary.close();
  expect(await make(await join(), 200, BETA)).toEqual(kept);
});

describe('in a shadow step', () => {
  const SHADOW = { steps: [{ shadow: 0.01, hold: '1d' }, { weight: 1 }] } as const;

  test('real calls of a segment are evidence, too', async () => {
    const set = start(SHADOW);
    failAt(set, { gemini: 0.4, openai: 0 });
    await make(set, 400, BETA);
    const { rollout } = set.ai.canary;
    expect(rollout.state).toMatchObject({ phase: 'rolledBack', step: 0 });
    expect(rollout.history.at(-1)!.reason).toMatch(/^errorRate: \d+ of \d+ canary calls failed/);
    expect(count(await make(set, 50, BETA, 400), 'gemini')).toBe(0);
  });

  test('good ones do not end it: it is decided by its copies', async () => {
    const set = start({ steps: [{ shadow: 0.000001 }, { weight: 1 }] });
    await make(set, 600, BETA);
    expect(set.ai.canary.rollout.state).toMatchObject({ phase: 'progressing', step: 0 });
  });
});
