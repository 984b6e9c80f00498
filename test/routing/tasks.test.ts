/** Calls are routed by their task. */

import { describe, expect, test } from 'vitest';
import { route, type CanaryOptions, type TaskContext } from '../../src/index.ts';
import { BODY, ask, errorWithin, watch, within } from '../support/calls.ts';
import { chat, failed } from '../support/replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

const ROUTES = { summary: ['gemini', 'groq'], legal: ['openai'] };

/** Stable is `openai`; the other upstreams are `gemini` and `groq`. */
function withTasks(tasks: Partial<NonNullable<CanaryOptions['tasks']>> = {}, canary: CanaryOptions = {}): SetUp {
  return setUp({
    client: { maxRetries: 0 },
    upstreams: { gemini: {}, groq: {} },
    canary: { tasks: { routes: ROUTES, ...tasks }, ...canary },
  });
}

describe('the route of a task', () => {
  test('selects the upstream for a call with the task, and for all calls within a run', async () => {
    const { ai, clock, providers } = withTasks();
    await within(clock, 0, ask(ai, route({ task: 'summary' })));
    await within(
      clock,
      0,
      ai.canary.run({ task: 'summary' }, () => ask(ai)),
    );
    await within(clock, 0, ask(ai, route({ task: 'legal' })));
    expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
    expect(ai.canary.explain({ task: 'summary' })).toMatchObject({ upstream: 'gemini', reason: 'task' });
  });

  test('makes the other upstreams of its list the fallbacks, in order', async () => {
    const { ai, clock, providers, events } = withTasks({ routes: { summary: ['gemini', 'groq', 'openai'] } });
    providers.script('gemini', failed(503));
    providers.script('groq', failed(503));
    await within(clock, 0, ask(ai, route({ task: 'summary' })));
    expect(providers.asked).toEqual(['gemini', 'groq', 'openai']);
    expect(events.of('call')).toMatchObject([{ assigned: 'gemini', upstream: 'openai', task: 'summary' }]);
  });

  test('allows no other upstream as a fallback', async () => {
    const { ai, clock, providers } = withTasks({}, { fallbacks: ['openai'] });
    providers.usually('gemini', failed(503));
    providers.usually('groq', failed(503));
    expect(await errorWithin(clock, 0, ask(ai, route({ task: 'summary' })))).toMatchObject({ status: 503 });
    expect(providers.asked).toEqual(['gemini', 'groq']);
  });

  test('leaves a prompt that is too long to the upstreams named for long prompts', async () => {
    const tooLong = failed(400, { message: 'Too long.', code: 'context_length_exceeded' });
    const { ai, clock, providers } = withTasks({}, { fallbacks: { contextLength: ['openai'] } });
    providers.script('gemini', tooLong);
    await within(clock, 0, ask(ai, route({ task: 'summary' })));
    expect(providers.asked).toEqual(['gemini', 'openai']);
  });

  test('decides before the split for any key; without a route the split decides', async () => {
    const { ai, clock, providers } = withTasks({}, { weights: { groq: 1 } });
    await within(clock, 0, ask(ai, route({ task: 'summary', key: 'user-1' })));
    await within(clock, 0, ask(ai, route({ task: 'poetry', key: 'user-1' })));
    await within(clock, 0, ask(ai));
    expect(providers.asked).toEqual(['gemini', 'groq', 'groq']);
  });

  test('is overridden by a segment and by a forced upstream', async () => {
    const { ai, clock, providers } = withTasks({}, { segments: [{ when: { region: 'eu' }, upstream: 'openai' }] });
    await within(clock, 0, ask(ai, route({ task: 'summary', attributes: { region: 'eu' } })));
    await within(clock, 0, ask(ai, route({ task: 'summary', upstream: 'groq' })));
    expect(providers.asked).toEqual(['openai', 'groq']);
  });

  test('provides no fallback for a call that allows no fallbacks', async () => {
    const { ai, clock, providers } = withTasks();
    providers.script('gemini', failed(503));
    await errorWithin(clock, 0, ask(ai, route({ task: 'summary', fallbacks: false })));
    expect(providers.asked).toEqual(['gemini']);
  });

  test('serves embeddings only on upstreams with the same model', async () => {
    const { ai, clock, providers } = setUp({
      upstreams: { gemini: { model: 'gemini-embedding' }, groq: {} },
      canary: { tasks: { routes: { search: ['gemini', 'groq'] } } },
    });
    const embed = ai.embeddings.create({ model: 'text-embedding-3', input: 'x' }, route({ task: 'search' }));
    await within(clock, 0, embed);
    expect(providers.asked).toEqual(['groq']);
  });
});

describe('a classifier', () => {
  test('sees the most that the call may cost, so that the budget can decide the quality', async () => {
    const classify = ({ maxCostUsd = Infinity }: TaskContext) => (maxCostUsd < 0.1 ? 'summary' : 'legal');
    const { ai, providers } = withTasks({ classify });
    await ask(ai, route({ maxCostUsd: 0.05 }));
    await ask(ai, route({ maxCostUsd: 1 }));
    await ask(ai);
    expect(providers.asked).toEqual(['gemini', 'openai', 'openai']);
  });

  test('names the task of a call without one, and receives the call and its body', async () => {
    const seen: TaskContext[] = [];
    const { ai, clock, providers, events } = withTasks({
      classify: (call) => {
        seen.push(call);
        return 'summary';
      },
    });
    await within(clock, 0, ask(ai, route({ key: 'user-1', attributes: { plan: 'free' } })));
    await within(clock, 0, ask(ai, route({ task: 'legal' })));
    expect(providers.asked).toEqual(['gemini', 'openai']);
    expect(seen).toEqual([
      { surface: 'chat', model: 'gpt-4.1', stream: false, key: 'user-1', attributes: { plan: 'free' }, body: BODY },
    ]);
    expect(events.of('call').map(({ task }) => task)).toEqual(['summary', 'legal']);
  });

  test('may be async', async () => {
    const { ai, clock, providers } = withTasks({ classify: async () => 'summary' });
    await within(clock, 0, ask(ai));
    expect(providers.asked).toEqual(['gemini']);
  });

  test.each([
    ['throws', () => fail()],
    ['rejects', async () => fail()],
  ])('that %s is ignored with one warning', async (_, classify) => {
    const { ai, clock, providers, events } = withTasks({ classify });
    await within(clock, 0, ask(ai));
    await within(clock, 0, ask(ai));
    expect(providers.asked).toEqual(['openai', 'openai']);
    expect(events.of('warning')).toMatchObject([{ code: 'task', message: expect.stringContaining('No idea') }]);
  });

  test('that takes over 50 ms is ignored with one warning', async () => {
    const { ai, clock, providers, events } = withTasks({ classify: () => later(clock, 51) });
    const call = watch(ask(ai));
    await clock.advance(49);
    expect(call.now.state).toBe('pending');
    expect(providers.asked).toEqual([]);
    await clock.advance(1);
    expect(call.now.state).toBe('resolved');
    await within(clock, 50, ask(ai));
    expect(providers.asked).toEqual(['openai', 'openai']);
    expect(events.of('warning')).toMatchObject([{ code: 'task', message: expect.stringContaining('over 50 ms') }]);
    await clock.advance(10);
    expect(clock.pendingTimers).toBe(0);
  });

  test('that answers within 50 ms is waited for', async () => {
    const { ai, clock, providers } = withTasks({ classify: () => later(clock, 49) });
    await within(clock, 49, ask(ai));
    expect(providers.asked).toEqual(['gemini']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('that is slow five times in a row is not called for a minute', async () => {
    let asked = 0;
    const { ai, clock, events } = withTasks({
      classify: () => {
        asked += 1;
        return later(clock, 60);
      },
    });
    for (let index = 0; index < 7; index += 1) await within(clock, 50, ask(ai));
    expect(asked).toBe(5);
    expect(events.of('warning')).toHaveLength(2);
    await clock.advance(60_000);
    await within(clock, 50, ask(ai));
    expect(asked).toBe(6);
  });

  test('that blocks the process for over 50 ms is ignored', async () => {
    let nowMs = 0;
    const set = withTasks({}, {});
    const { ai, providers } = withTasks(
      {
        classify: () => {
          nowMs += 51;
          return 'summary';
        },
      },
      { clock: { now: () => nowMs, setTimeout: (callback, delayMs) => set.clock.setTimeout(callback, delayMs) } },
    );
    await ask(ai);
    expect(providers.asked).toEqual(['openai']);
  });

  test('is not awaited after the caller aborts', async () => {
    const { ai, clock, providers } = withTasks({ classify: () => new Promise<string>(() => undefined) });
    const aborter = new AbortController();
    const call = watch(ask(ai, { signal: aborter.signal }));
    await clock.advance(10);
    aborter.abort();
    await clock.advance(0);
    expect(call.now).toMatchObject({ state: 'rejected', error: { message: 'Request was aborted.' } });
    expect(providers.asked).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('that returns something other than a name gives no task', async () => {
    // JavaScript callers can return any value.
    const { ai, clock, events } = withTasks({ classify: () => 42 as unknown as string });
    await within(clock, 0, ask(ai));
    expect(events.of('call')).toMatchObject([{ task: undefined, upstream: 'openai' }]);
  });

  test('is not called for calls that belong to one account', async () => {
    const { ai, clock, providers } = withTasks({ classify: () => fail() });
    providers.script('openai', chat());
    await within(clock, 0, ai.get('/models/gpt-4.1'));
    expect(providers.asked).toEqual(['openai']);
  });
});

test('snapshot().tasks contains calls, cost and fallback rate by task', async () => {
  const { ai, clock, providers } = withTasks();
  await within(clock, 0, ask(ai, route({ task: 'summary' })));
  providers.script('gemini', failed(503));
  await within(clock, 0, ask(ai, route({ task: 'summary' })));
  await within(clock, 0, ask(ai, route({ task: 'poetry' })));
  await within(clock, 0, ask(ai));
  const { tasks } = ai.canary.snapshot();
  expect(Object.keys(tasks)).toEqual(['summary', 'poetry']);
  expect(tasks.summary).toMatchObject({ calls: 2, successes: 2, failures: 0, fallbackRate: 0.5 });
  expect(tasks.summary?.costUsd).toBeCloseTo(0.00012, 9);
  expect(tasks.summary?.costPerCall).toBeCloseTo(0.00006, 9);
});

function fail(): never {
  throw new Error('No idea');
}

function later(clock: SetUp['clock'], ms: number): Promise<string> {
  return new Promise((resolve) => clock.setTimeout(() => resolve('summary'), ms));
}
