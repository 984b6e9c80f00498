/** A rolled-back canary gets no calls at all, unless they are forced or only it can serve them. */

import { afterEach, describe, expect, test, vi } from 'vitest';
import { memoryStore, route, type CanaryOptions, type Store } from '../../src/index.ts';
import { ask, BODY, errorWithin } from '../support/calls.ts';
import { after, chat, failed, json, type Reply } from '../support/replies.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

afterEach(() => vi.unstubAllEnvs());

const STEPS = [{ weight: 0.2, hold: '1d' }, { weight: 1 }] as const;
const ROUTES = {
  segments: [{ when: { plan: 'premium' }, upstream: 'gemini' }],
  tasks: { routes: { legal: ['gemini', 'kimi'], summary: ['gemini'], chat: ['kimi', 'gemini', 'openai'] } },
} satisfies Partial<CanaryOptions>;
const UPSTREAMS = { gemini: {}, kimi: {} };
const PREMIUM = route({ attributes: { plan: 'premium' } });
const rule = { name: 'errors', metric: 'errorRate', upstream: 'gemini', above: 0.1, minCalls: 5 } as const;

const withRollout = (canary: Partial<CanaryOptions> = {}, rollout: object = {}): SetUp =>
  setUpRollout({ steps: STEPS, ...rollout }, { ...ROUTES, ...canary }, UPSTREAMS);

/** The providers that calls ask which segments, tasks and fallbacks would bring to the canary. */
async function reached({ ai, providers }: SetUp): Promise<readonly string[]> {
  const before = providers.asked.length;
  for (const options of [PREMIUM, ...['legal', 'summary', 'chat'].map((task) => route({ task }))]) {
    await ask(ai, options);
  }
  return providers.asked.slice(before);
}

const NONE_OF_GEMINI = ['openai', 'kimi', 'openai', 'kimi'];
const AS_STATED = ['gemini', 'gemini', 'gemini', 'kimi'];

describe('after a rollback no call of a segment or a task goes to the canary', () => {
  test.each<[string, (set: SetUp) => unknown, Partial<CanaryOptions>?, object?]>([
    ['by a person', ({ ai }) => ai.canary.rollout.rollback()],
    ['by undo', ({ ai }) => (ai.canary.rollout.promote({ full: true }), ai.canary.rollout.undo())],
    [
      'by undo of a canary that had replaced stable',
      ({ ai }) => (ai.canary.rollout.promote({ full: true }), ai.canary.rollout.undo()),
      {},
      { onComplete: 'replaceStable' },
    ],
    [
      'by the evidence',
      async (set) => {
        failAt(set, { gemini: 1 });
        await driver(set)({ calls: 200, perSecond: 50, until: () => set.events.of('rollback').length > 0 });
        set.providers.usually('gemini', chat());
      },
    ],
    [
      'by an alert rule',
      async (set) => {
        failAt(set, { gemini: 1 });
        await driver(set)({ calls: 200, perSecond: 50, until: () => set.events.of('rollback').length > 0 });
        set.providers.usually('gemini', chat());
      },
      { alerts: [{ ...rule, action: 'rollback' }] },
      { guardrails: { costPerCall: {} } },
    ],
  ])('%s', async (_by, rollBack, canary, rollout) => {
    const set = withRollout(canary, rollout);
    expect(await reached(set)).toEqual(AS_STATED);
    await rollBack(set);
    expect(set.ai.canary.rollout.state.phase).toBe('rolledBack');
    expect(await reached(set)).toEqual(NONE_OF_GEMINI);
    expect(set.ai.canary.explain({ attributes: { plan: 'premium' } })).toMatchObject({ reason: 'rolledBack' });
    expect(set.ai.canary.explain({ task: 'legal' })).toMatchObject({
      reason: 'task',
      skipped: [{ upstream: 'gemini', reason: 'rolledBack' }],
    });
  });
});

test('a forced call still reaches it, and falls back to stable', async () => {
  const { ai, providers } = withRollout();
  ai.canary.rollout.rollback();
  await ask(ai, route({ upstream: 'gemini' }));
  await ai.canary.run({ upstream: 'gemini' }, () => ask(ai));
  providers.script('gemini', failed(400));
  await ask(ai, route({ upstream: 'gemini' }));
  expect(providers.asked).toEqual(['gemini', 'gemini', 'gemini', 'openai']);
});

test('retry gives its segments and tasks back, and so do a pause and a promotion keep them', async () => {
  const set = withRollout();
  const { rollout } = set.ai.canary;
  rollout.rollback();
  rollout.retry();
  expect(await reached(set)).toEqual(AS_STATED);
  rollout.pause();
  expect(await reached(set)).toEqual(AS_STATED);
  rollout.promote({ full: true });
  expect(await reached(set)).toEqual(AS_STATED);
});

test('it is no fallback any more: the next one serves, or the caller gets the error of stable', async () => {
  const canary = { fallbacks: ['gemini', 'kimi'] };
  const set = withRollout(canary);
  set.ai.canary.rollout.rollback();
  set.providers.usually('openai', failed(503));
  const answer = ask(set.ai);
  await set.clock.advance(5_000);
  await answer;
  expect(new Set(set.providers.asked)).toEqual(new Set(['openai', 'kimi']));
  const alone = withRollout({ fallbacks: ['gemini'] });
  alone.ai.canary.rollout.rollback();
  alone.providers.usually('openai', failed(503));
  await expect(ask(alone.ai)).rejects.toMatchObject({ status: 503 });
  expect(alone.providers.asked).toEqual(['openai']);
});

test('it is not tried beside a slow upstream', async () => {
  const set = withRollout({ fallbacks: ['gemini'], hedge: { after: 100, maxShare: 1 } });
  set.ai.canary.rollout.rollback();
  set.providers.usually('openai', after(1_000, chat()));
  const answer = ask(set.ai);
  await set.clock.advance(1_000);
  await answer;
  expect(set.providers.asked).toEqual(['openai']);
});

test('it is not tried as a last resort either, while every other upstream is paused', async () => {
  const set = withRollout({ fallbacks: ['gemini'] });
  set.ai.canary.rollout.rollback();
  set.providers.script('openai', failed(401));
  await expect(ask(set.ai)).rejects.toMatchObject({ status: 401 });
  expect(set.ai.canary.explain()).toMatchObject({ upstream: 'openai' });
  await ask(set.ai);
  expect(set.providers.asked).toEqual(['openai', 'openai']);
});

test('a response that it made is still continued there', async () => {
  const set = withRollout();
  const made = await set.ai.responses.create({ model: 'gpt-4.1', input: 'Hi.' }, PREMIUM);
  set.ai.canary.rollout.rollback();
  await set.ai.responses.create({ model: 'gpt-4.1', input: 'And?', previous_response_id: made.id });
  expect(set.providers.asked).toEqual(['gemini', 'gemini']);
});

test('a tool run that began on it goes on elsewhere', async () => {
  const set = withRollout();
  set.providers.script('gemini', CALLS_TOOL);
  const tool = { name: 'now', parameters: { type: 'object', properties: {} }, parse: JSON.parse } as const;
  const now = () => (set.ai.canary.rollout.rollback(), 'noon');
  const runner = set.ai.chat.completions.runTools(
    { ...BODY, tools: [{ type: 'function', function: { ...tool, description: 'The time.', function: now } }] },
    PREMIUM,
  );
  const done = runner.finalContent();
  await set.clock.advance(1_000);
  await done;
  expect(set.providers.asked).toEqual(['gemini', 'openai']);
});

const TOOL_CALL = { id: 'call_1', type: 'function', function: { name: 'now', arguments: '{}' } };
const CALLS_TOOL: Reply = json({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 0,
  model: 'gpt-4.1',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: null, tool_calls: [TOOL_CALL] },
      finish_reason: 'tool_calls',
      logprobs: null,
    },
  ],
});

describe('with a store', () => {
  const persistent = (): Store => ({ ...memoryStore({ now: () => 0 }), persistent: true });
  const start = async (store: Store, options: Partial<CanaryOptions> = {}): Promise<SetUp> => {
    const set = withRollout({ store, ...options });
    await set.clock.advance(0);
    return set;
  };

  test('the other processes agree within seconds, and so does one that starts later', async () => {
    const store = persistent();
    const [one, other] = [await start(store), await start(store)];
    expect(await reached(other)).toEqual(AS_STATED);
    one.ai.canary.rollout.rollback();
    expect(await reached(one)).toEqual(NONE_OF_GEMINI);
    for (const { clock } of [one, other]) await clock.advance(4_000);
    expect(await reached(other)).toEqual(NONE_OF_GEMINI);
    expect(await reached(await start(store))).toEqual(NONE_OF_GEMINI);
  });

  test('the canary gets no call before the store has said how the rollout stands', async () => {
    const store = persistent();
    const first = await start(store);
    first.ai.canary.rollout.rollback();
    await first.ai.canary.close();
    const set = withRollout({ store: { ...store, read: () => new Promise(() => undefined) } });
    expect(await reached(set)).toEqual(NONE_OF_GEMINI);
  });

  test('what is stored and cannot be read gives it no calls', async () => {
    const store = persistent();
    await store.write('rollout:gemini', { version: 99 }, 0);
    const set = await start(store);
    expect(await reached(set)).toEqual(NONE_OF_GEMINI);
    set.ai.canary.rollout.retry();
    await set.clock.advance(2_000);
    expect(await reached(set)).toEqual(AS_STATED);
  });
});

describe('without a rollout, an alert rule', () => {
  const fleet = (store: Store | undefined, weights: CanaryOptions['weights']) => async (): Promise<SetUp> => {
    const alerts = [{ ...rule, action: 'rollback' }] as const;
    const canary: CanaryOptions = { ...ROUTES, weights, alerts, breaker: false, store };
    const set = setUp({ upstreams: UPSTREAMS, client: { maxRetries: 0 }, canary });
    await set.clock.advance(0);
    return set;
  };
  const failPremium = async (set: SetUp): Promise<void> => {
    failAt(set, { gemini: 1 });
    await driver(set)({ calls: 60, perSecond: 10, attributes: { plan: 'premium' } });
    set.providers.usually('gemini', chat());
  };

  test.each([
    ['that has weight', { openai: 0.8, gemini: 0.2 }],
    ['that only a segment names', { openai: 1 }],
  ])('takes an upstream %s out, for good', async (_which, weights) => {
    const store = memoryStore();
    const start = fleet(store, weights);
    const [one, other] = [await start(), await start()];
    await failPremium(one);
    expect(one.events.of('rollback')).toMatchObject([{ upstream: 'gemini', rule: 'errors' }]);
    await one.clock.advance(600_000);
    expect(await reached(one)).toEqual(NONE_OF_GEMINI);
    await other.clock.advance(2_000);
    expect(await reached(other)).toEqual(NONE_OF_GEMINI);
    expect(await reached(await start())).toEqual(NONE_OF_GEMINI);
  });

  test.each<[string, (set: SetUp) => void]>([
    ['setWeights', ({ ai }) => ai.canary.setWeights({ gemini: 0.1 })],
    ['setSegments', ({ ai }) => ai.canary.setSegments(ROUTES.segments)],
    ['setTasks', ({ ai }) => ai.canary.setTasks({ routes: ROUTES.tasks.routes })],
  ])('is overruled by %s that names the upstream', async (_verb, act) => {
    const set = await fleet(undefined, { openai: 1 })();
    await failPremium(set);
    expect(await reached(set)).toEqual(NONE_OF_GEMINI);
    act(set);
    expect(await reached(set)).toEqual(AS_STATED);
  });
});

test('the kill switch keeps fallbacks and copies from every other upstream, too', async () => {
  vi.stubEnv('CANARY_DISABLED', '1');
  const shadow = { upstream: 'gemini', share: 1 };
  const set = withRollout({ fallbacks: ['gemini', 'kimi'], shadow, hedge: { after: 100, maxShare: 1 } });
  expect(await reached(set)).toEqual(['openai', 'openai', 'openai', 'openai']);
  set.providers.usually('openai', after(500, failed(503)));
  expect(await errorWithin(set.clock, 20_000, ask(set.ai))).toMatchObject({ status: 503 });
  expect(new Set(set.providers.asked)).toEqual(new Set(['openai']));
});
