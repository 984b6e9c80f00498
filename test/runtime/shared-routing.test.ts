/** Weights, segments and tasks that change at run time, and the table of the split, are shared through the store. */

import { expect, test } from 'vitest';
import { memoryStore, route, type CanaryOptions, type Store } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { ask } from '../support/calls.ts';
import { after, chat } from '../support/replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

/** Clients of one fleet: three upstreams, one store, one clock. */
function fleet(store: Store = memoryStore()) {
  const clock = new ManualClock();
  const start = async (weights: CanaryOptions['weights'] = { gemini: 0.1 }): Promise<SetUp> => {
    const set = setUp({ upstreams: { gemini: {}, kimi: {} }, canary: { store, clock, weights } });
    await clock.advance(0);
    return set;
  };
  return { clock, store, start };
}

const KEYS = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);
const assignments = ({ ai }: SetUp) => KEYS.map((key) => ai.canary.explain({ key }).assigned);
const moved = (one: readonly string[], other: readonly string[]) =>
  one.filter((name, index) => name !== other[index]).length;

/** Changes after which the table depends on its history. */
async function change({ ai }: SetUp, clock: ManualClock): Promise<void> {
  ai.canary.setWeights({ gemini: 0.4, kimi: 0.1 });
  ai.canary.setWeights({ gemini: 0.2, kimi: 0.4 });
  await clock.advance(0);
}

test('the other processes follow within two seconds, key by key', async () => {
  const { clock, start } = fleet();
  const [one, other] = [await start(), await start()];
  await change(one, clock);
  await clock.advance(2_000);
  expect(other.ai.canary.weights).toEqual(one.ai.canary.weights);
  expect(other.ai.canary.snapshot().ranges).toEqual(one.ai.canary.snapshot().ranges);
  expect(assignments(other)).toEqual(assignments(one));
});

test('a process that starts later begins with the same table', async () => {
  const { clock, start } = fleet();
  const one = await start();
  await change(one, clock);
  expect(assignments(await start())).toEqual(assignments(one));
});

test('other weights in the options of a later process change the table, and as few keys as possible move', async () => {
  const { clock, start } = fleet();
  const one = await start();
  await change(one, clock);
  const before = assignments(one);
  const later = await start({ gemini: 0.25, kimi: 0.4 });
  expect(later.ai.canary.weights).toEqual({ openai: 0.35, gemini: 0.25, kimi: 0.4 });
  expect(moved(before, assignments(later)) / KEYS.length).toBeCloseTo(0.05, 1.5);
  await clock.advance(2_000);
  expect(assignments(one)).toEqual(assignments(later));
});

test('nothing is stored while the weights are those of the options', async () => {
  const { clock, store, start } = fleet();
  await start();
  await clock.advance(10_000);
  expect(await store.keys('')).toEqual([]);
});

test.each([
  ['of other upstreams', { ranges: [[1, 'deepseek']], stable: 'deepseek', options: '' }],
  ['that does not end at 1', { ranges: [[0.5, 'openai']], stable: 'openai', options: '' }],
  [
    'that is not ascending',
    {
      ranges: [
        [0.5, 'openai'],
        [0.4, 'gemini'],
        [1, 'kimi'],
      ],
      stable: 'openai',
      options: '',
    },
  ],
  ['that is lost', { lost: 'the file is not a valid store' }],
])('a stored table %s is ignored', async (_name, stored) => {
  const { store, start } = fleet();
  await store.write('split', stored, 0);
  const { ai } = await start();
  expect(ai.canary.weights).toEqual({ openai: 0.9, gemini: 0.1, kimi: 0 });
});

test('a change that the store did not take holds in its process, and is written once the store is back', async () => {
  const store = memoryStore();
  let isAway = false;
  const write: Store['write'] = (...args) =>
    isAway ? Promise.reject(new Error('ECONNREFUSED')) : store.write(...args);
  const { clock, start } = fleet({ ...store, write });
  const [one, other] = [await start(), await start()];
  one.ai.canary.setWeights({ gemini: 0.5 });
  await clock.advance(2_000);
  isAway = true;
  one.ai.canary.setWeights({ gemini: 0.3 });
  await clock.advance(6_000);
  expect(one.ai.canary.weights['gemini']).toBe(0.3);
  expect(other.ai.canary.weights['gemini']).toBe(0.5);
  expect(one.events.of('warning').map(({ code }) => code)).toEqual(['store']);
  isAway = false;
  await clock.advance(4_000);
  expect(other.ai.canary.weights['gemini']).toBe(0.3);
});

test('the client waits at its end until the last change is stored', async () => {
  const { store, start } = fleet();
  const { ai } = await start();
  ai.canary.setWeights({ gemini: 0.3 });
  await ai[Symbol.asyncDispose]();
  expect(await store.keys('')).toEqual(['split']);
});

const SEGMENTS = [{ when: { plan: 'beta' }, upstream: 'gemini' }];
const TASKS = { routes: { legal: ['kimi', 'openai'] } };
const routesOf = ({ ai }: SetUp) =>
  [{ attributes: { plan: 'beta' } }, { task: 'legal' }].map((options) => ai.canary.explain(options).assigned);

test('segments and tasks that change at run time hold in all processes, and in later ones with the same options', async () => {
  const { clock, store } = fleet();
  const start = async (options: Partial<CanaryOptions> = {}): Promise<SetUp> => {
    const set = setUp({ upstreams: { gemini: {}, kimi: {} }, canary: { store, clock, ...options } });
    await clock.advance(0);
    return set;
  };
  const [one, other] = [await start(), await start()];
  expect(routesOf(one)).toEqual(['openai', 'openai']);
  one.ai.canary.setSegments(SEGMENTS);
  expect(routesOf(one)).toEqual(['gemini', 'openai']);
  other.ai.canary.setTasks(TASKS);
  await clock.advance(2_000);
  expect([one, other].map(routesOf)).toEqual([
    ['gemini', 'kimi'],
    ['gemini', 'kimi'],
  ]);
  expect(routesOf(await start())).toEqual(['gemini', 'kimi']);
  expect(one.ai.canary.history.map(({ action }) => action)).toEqual(['setSegments']);
  const newer = await start({ tasks: { routes: { legal: ['gemini'] } } });
  expect(routesOf(newer)).toEqual(['gemini', 'gemini']);
  await clock.advance(4_000);
  expect([one, newer].map(routesOf)).toEqual([
    ['gemini', 'kimi'],
    ['gemini', 'gemini'],
  ]);
});

test('stored segments that name an unknown upstream are ignored, with a warning', async () => {
  const store = memoryStore();
  const segments = [{ when: {}, upstream: 'gone' }];
  await store.write('segments', { segments, options: '[]' }, 0);
  const { start } = fleet(store);
  const set = await start({ openai: 1 });
  expect(routesOf(set)).toEqual(['openai', 'openai']);
  expect(set.events.of('warning')).toMatchObject([{ code: 'store' }]);
});

test('a call that is made after a change follows it, and one in flight is not moved', async () => {
  const { ai, providers, clock } = await fleet().start({ openai: 1 });
  providers.script('openai', after(1_000, chat()));
  const options = route({ attributes: { plan: 'beta' } });
  const first = ask(ai, options);
  await clock.advance(0);
  ai.canary.setSegments(SEGMENTS);
  await ask(ai, options);
  ai.canary.setSegments([]);
  await ask(ai, options);
  await clock.advance(1_000);
  await first;
  expect(providers.asked).toEqual(['openai', 'gemini', 'openai']);
});

test.each<[string, (set: SetUp) => void, string]>([
  [
    'an unknown upstream of a segment',
    ({ ai }) => ai.canary.setSegments([{ when: {}, upstream: 'gemni' }]),
    'segments[0].upstream should be one of openai, gemini, kimi, got "gemni"; did you mean gemini?',
  ],
  [
    'a condition that is none',
    ({ ai }) => ai.canary.setSegments([{ when: { plan: [] }, upstream: 'gemini' }]),
    'segments[0].when.plan should be a string, a number, a boolean or a list of these, got a list',
  ],
  [
    'segments that are no list',
    ({ ai }) => ai.canary.setSegments({} as never),
    'segments should be a list of segments',
  ],
  [
    'an empty route',
    ({ ai }) => ai.canary.setTasks({ routes: { legal: [] } }),
    'tasks.routes.legal should name at least one upstream',
  ],
  [
    'a classifier',
    ({ ai }) => ai.canary.setTasks({ ...TASKS, classify: () => 'legal' } as never),
    'tasks.classify is not an option',
  ],
])('%s is refused, and nothing changes', async (_what, act, message) => {
  const set = await fleet().start({ openai: 1 });
  set.ai.canary.setSegments(SEGMENTS);
  set.ai.canary.setTasks(TASKS);
  expect(() => act(set)).toThrow(message);
  expect(routesOf(set)).toEqual(['gemini', 'kimi']);
});
