/** Spending limits per period. `PRICE` is 2 USD per million input tokens and 8 USD per million output tokens. */

import { expect, test } from 'vitest';
import { BudgetExceededError, route, type BudgetOptions } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { BODY, STREAM_BODY, ask, errorWithin, watch, within } from '../support/calls.ts';
import { chat, failed, json } from '../support/replies.ts';
import { setUp, setUpCanary, type SetUp } from '../support/set-up.ts';
import { chatStream } from '../support/stream-replies.ts';

const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

/** An answer of a thousand tokens: 0.008 USD of output, 0.00002 USD of input. */
const ANSWER = chat('Hello.', { input: 10, output: 1_000 });
const ANSWER_USD = 0.008_02;
/** `max_tokens` equals the output of the answer, so only the input of the estimate is inexact. */
const ASKED = { ...BODY, max_tokens: 1_000 };

function withBudget(budget: Partial<BudgetOptions>): SetUp {
  const whole: BudgetOptions = { name: 'hourly', per: 'hour', limitUsd: 0.05, onExceeded: 'reject', ...budget };
  const world = setUpCanary({ canary: { budgets: [whole] } });
  return useAnswer(world);
}

function useAnswer(world: SetUp): SetUp {
  world.providers.usually('gemini', ANSWER).usually('openai', ANSWER);
  return world;
}

async function askTimes({ ai, clock }: SetUp, times: number, options = {}): Promise<readonly string[]> {
  const states: string[] = [];
  for (let call = 0; call < times; call += 1) {
    const watched = watch(ai.chat.completions.create(ASKED, options));
    await clock.advance(0);
    states.push(watched.now.state);
  }
  return states;
}

test('refuses a call that exceeds the budget; the error names the budget and when it resets', async () => {
  const world = withBudget({});
  expect(await askTimes(world, 6)).toEqual(Array(6).fill('resolved'));
  const error = await errorWithin(world.clock, 0, world.ai.chat.completions.create(ASKED));
  expect(error).toBeInstanceOf(BudgetExceededError);
  expect(error).toMatchObject({
    code: 'BUDGET_EXCEEDED',
    budget: 'hourly',
    per: 'hour',
    limitUsd: 0.05,
    spentUsd: expect.closeTo(6 * ANSWER_USD, 9),
    resetsAtMs: START_MS + HOUR_MS,
  });
  expect(world.providers.sent).toHaveLength(6);
  expect(world.events.of('call').at(-1)).toMatchObject({ outcome: 'neutral', attempts: 0 });
});

test('a new period starts with the whole amount', async () => {
  const world = withBudget({});
  await askTimes(world, 7);
  await world.clock.advance(HOUR_MS);
  expect(await askTimes(world, 7)).toEqual([...Array<string>(6).fill('resolved'), 'rejected']);
});

test("onExceeded 'alert' does not refuse calls", async () => {
  const world = withBudget({ onExceeded: 'alert' });
  expect(await askTimes(world, 10)).toEqual(Array(10).fill('resolved'));
});

test('emits an event at 50 %, 80 % and 100 % of the limit, once per period', async () => {
  const world = withBudget({ onExceeded: 'alert' });
  await askTimes(world, 10);
  const common = { name: 'hourly', per: 'hour', scope: 'all', upstream: undefined, limitUsd: 0.05, atMs: START_MS };
  const resetsAtMs = START_MS + HOUR_MS;
  expect(world.events.of('budget')).toEqual([
    { ...common, share: 0.5, spentUsd: expect.closeTo(4 * ANSWER_USD, 9), resetsAtMs },
    { ...common, share: 0.8, spentUsd: expect.closeTo(5 * ANSWER_USD, 9), resetsAtMs },
    { ...common, share: 1, spentUsd: expect.closeTo(7 * ANSWER_USD, 9), resetsAtMs },
  ]);
  await world.clock.advance(HOUR_MS);
  await askTimes(world, 10);
  expect(world.events.of('budget').map(({ share }) => share)).toEqual([0.5, 0.8, 1, 0.5, 0.8, 1]);
});

test('emits share 1 at the first refusal', async () => {
  const world = withBudget({});
  await askTimes(world, 9);
  expect(world.events.of('budget').map(({ share }) => share)).toEqual([0.5, 0.8, 1]);
});

test('skips an upstream whose budget is exhausted', async () => {
  const world = withBudget({ scope: { upstream: 'gemini' }, limitUsd: 0.016_05 });
  expect(await askTimes(world, 4)).toEqual(Array(4).fill('resolved'));
  expect(world.providers.asked).toEqual(['gemini', 'gemini', 'openai', 'openai']);
  expect(world.events.of('fallback')).toMatchObject([{ reason: 'budget' }, { reason: 'budget' }]);
  expect(world.events.of('budget').at(-1)).toMatchObject({ scope: 'upstream', upstream: 'gemini', share: 1 });
});

test('explain() reports an exhausted budget', async () => {
  const world = withBudget({ scope: { upstream: 'gemini' }, limitUsd: 0.016_03, onExceeded: 'reject' });
  world.providers.script('gemini', chat('Hello.', { input: 10, output: 2_010 }));
  await askTimes(world, 1);
  expect(world.ai.canary.explain()).toMatchObject({
    upstream: 'openai',
    skipped: [{ upstream: 'gemini', reason: 'budget' }],
  });
});

test("scope 'key' gives each key its own amount", async () => {
  const { clock, providers, ...world } = useAnswer(
    setUp({
      canary: { budgets: [{ name: 'user', per: 'day', limitUsd: 0.01, scope: 'key', onExceeded: 'reject' }] },
    }),
  );
  const states = [];
  for (const key of ['ann', 'bob', 'ann', 'bob']) {
    states.push(...(await askTimes({ ...world, clock, providers }, 1, route({ key }))));
  }
  expect(states).toEqual(['resolved', 'resolved', 'rejected', 'rejected']);
  expect(world.ai.canary.snapshot().budgets).toMatchObject([{ name: 'user', scope: 'key', accounts: 2 }]);
  const published = JSON.stringify([world.events.of('budget'), world.ai.canary.snapshot().budgets]);
  expect(published).not.toMatch(/ann|bob/);
});

test('a budget per key does not limit calls without a key, or with only a conversation', async () => {
  const world = withBudget({ scope: 'key', limitUsd: 0.01 });
  expect(await askTimes(world, 3)).toEqual(Array(3).fill('resolved'));
  expect(world.ai.canary.snapshot().budgets).toMatchObject([{ accounts: 0, spentUsd: 0 }]);
});

test('a budget for one key limits only that key', async () => {
  const world = withBudget({ scope: { key: 'ann' }, limitUsd: 0.01 });
  expect(await askTimes(world, 2, route({ key: 'ann' }))).toEqual(['resolved', 'rejected']);
  expect(await askTimes(world, 3, route({ key: 'bob' }))).toEqual(Array(3).fill('resolved'));
});

test("scope 'upstream' gives each upstream its own amount", async () => {
  const world = withBudget({ scope: 'upstream', limitUsd: 0.016_05 });
  expect(await askTimes(world, 5)).toEqual(['resolved', 'resolved', 'resolved', 'resolved', 'rejected']);
  expect(world.providers.asked).toEqual(['gemini', 'gemini', 'openai', 'openai']);
});

test('every budget must admit a call, and a refusal reserves nothing in the others', async () => {
  const { ai, clock, providers } = useAnswer(
    setUp({
      canary: {
        budgets: [
          { name: 'all', per: 'month', limitUsd: 1, onExceeded: 'reject' },
          { name: 'small', per: 'hour', limitUsd: 0.01, onExceeded: 'reject' },
        ],
      },
    }),
  );
  await within(clock, 0, ai.chat.completions.create(ASKED));
  await errorWithin(clock, 0, ai.chat.completions.create(ASKED));
  expect(providers.sent).toHaveLength(1);
  expect(ai.canary.snapshot().budgets).toMatchObject([
    { name: 'all', reservedUsd: 0, spentUsd: expect.closeTo(ANSWER_USD, 9), resetsAtMs: Date.UTC(2026, 1, 1) },
    { name: 'small', reservedUsd: 0, spentUsd: expect.closeTo(ANSWER_USD, 9) },
  ]);
});

test('1,000 concurrent calls overshoot by at most the error of one estimate', async () => {
  const world = withBudget({ limitUsd: 1 });
  const { ai, clock, providers } = world;
  providers.usually('gemini', async (request) => {
    await request.wait(1_000);
    return ANSWER(request);
  });
  const calls = Array.from({ length: 1_000 }, () => watch(ai.chat.completions.create(ASKED)));
  await clock.advance(1_000);
  const served = calls.filter(({ now }) => now.state === 'resolved').length;
  const refused = calls.filter(({ now }) => now.state === 'rejected').length;
  const [budget] = ai.canary.snapshot().budgets;
  expect(served + refused).toBe(1_000);
  expect(budget).toMatchObject({ reservedUsd: 0, spentUsd: expect.closeTo(served * ANSWER_USD, 6) });
  // The input estimate is off by a few tokens of 0.000002 USD each.
  expect(budget!.spentUsd).toBeLessThanOrEqual(1 + 20 * 2e-6);
  expect(budget!.spentUsd).toBeGreaterThan(0.98);
});

test('reserved money that is not spent is available to the next call', async () => {
  const world = withBudget({ limitUsd: 0.02 });
  world.providers.usually('gemini', chat('Hello.', { input: 10, output: 10 }));
  expect(await askTimes(world, 20)).toEqual(Array(20).fill('resolved'));
});

test('an attempt that the upstream rejects costs nothing', async () => {
  const world = withBudget({ limitUsd: 0.01 });
  world.providers.script('gemini', failed(400)).script('openai', failed(400));
  expect(await askTimes(world, 2)).toEqual(['rejected', 'resolved']);
});

test('an attempt without reported usage is settled at its estimate', async () => {
  const world = withBudget({ limitUsd: 0.01 });
  const controller = new AbortController();
  world.providers.script('gemini', async (request) => {
    await request.wait(1_000);
    return ANSWER(request);
  });
  const call = watch(world.ai.chat.completions.create(ASKED, { signal: controller.signal }));
  await world.clock.advance(10);
  controller.abort();
  await world.clock.advance(0);
  expect(call.now.state).toBe('rejected');
  expect(await askTimes(world, 1)).toEqual(['rejected']);
  expect(world.ai.canary.snapshot().budgets[0]!.spentUsd).toBeGreaterThan(0.008);
});

test('a stream keeps its reservation until it ends', async () => {
  const world = withBudget({ limitUsd: 0.01 });
  const { ai, clock, providers } = world;
  providers.script('gemini', chatStream(['Hello.']));
  const stream = await within(clock, 0, ai.chat.completions.create({ ...STREAM_BODY, max_tokens: 1_000 }));
  expect(ai.canary.snapshot().budgets[0]!.reservedUsd).toBeGreaterThan(0.008);
  expect(await askTimes(world, 1)).toEqual(['rejected']);
  for await (const chunk of stream) expect(chunk).toBeDefined();
  expect(ai.canary.snapshot().budgets[0]!.reservedUsd).toBe(0);
  expect(await askTimes(world, 1)).toEqual(['resolved']);
});

test('an unread stream is settled at its estimate after an hour', async () => {
  const world = useAnswer(withBudget({ limitUsd: 0.01 }));
  world.providers.script('gemini', chatStream(['Hello']));
  const unread = await within(world.clock, 0, world.ai.chat.completions.create({ ...ASKED, stream: true }));
  await world.clock.advance(HOUR_MS - 1);
  expect(await askTimes(world, 1)).toEqual(['rejected']);
  await world.clock.advance(1);
  expect(await askTimes(world, 1)).toEqual(['rejected']);
  const [budget] = world.ai.canary.snapshot().budgets;
  expect(budget).toMatchObject({ spentUsd: expect.closeTo(0.008, 4), reservedUsd: 0 });
  await world.clock.advance(HOUR_MS);
  expect(await askTimes(world, 1)).toEqual(['resolved']);
  for await (const _ of unread) void _;
  expect(world.ai.canary.snapshot().budgets).toMatchObject([{ spentUsd: expect.closeTo(ANSWER_USD, 9) }]);
});

test('every attempt of a call is charged', async () => {
  const { ai, clock, providers } = setUpCanary({
    canary: { budgets: [{ name: 'all', per: 'day', limitUsd: 1 }] },
  });
  const noAnswer = json({
    object: 'chat.completion',
    choices: [],
    usage: { prompt_tokens: 10, completion_tokens: 1_000 },
  });
  providers.script('gemini', failed(500), noAnswer, noAnswer);
  providers.script('openai', ANSWER);
  await within(clock, 20_000, ask(ai));
  expect(providers.asked.at(-1)).toBe('openai');
  const spent = ai.canary.costs().total.costUsd;
  expect(spent).toBeGreaterThan(ANSWER_USD * 1.5);
  expect(ai.canary.snapshot().budgets[0]!.spentUsd).toBeCloseTo(spent, 9);
});

test('an answer that ends in the next period is charged to that period', async () => {
  const world = withBudget({ limitUsd: 0.01 });
  const { ai, clock, providers } = world;
  providers.script('gemini', async (request) => {
    await request.wait(HOUR_MS);
    return ANSWER(request);
  });
  const call = watch(ai.chat.completions.create(ASKED, { timeout: 2 * HOUR_MS }));
  await clock.advance(HOUR_MS - 1);
  expect(await askTimes(world, 1)).toEqual(['rejected']);
  await clock.advance(1);
  expect(call.now.state).toBe('resolved');
  expect(ai.canary.snapshot().budgets[0]).toMatchObject({
    startedAtMs: START_MS + HOUR_MS,
    spentUsd: expect.closeTo(ANSWER_USD, 9),
  });
});

test('a clock that goes back does not reset the budget', async () => {
  const real = new ManualClock(START_MS + HOUR_MS);
  let shiftMs = 0;
  const clock = { now: () => real.now() + shiftMs, setTimeout: real.setTimeout.bind(real) };
  const budgets: BudgetOptions[] = [{ name: 'hourly', per: 'hour', limitUsd: 0.01, onExceeded: 'reject' }];
  const world = useAnswer(setUp({ canary: { clock, budgets } }));
  const settle = { ...world, clock: real };
  expect(await askTimes(settle, 2)).toEqual(['resolved', 'rejected']);
  shiftMs = -10 * 60_000;
  expect(await askTimes(settle, 1)).toEqual(['rejected']);
  shiftMs = HOUR_MS;
  expect(await askTimes(settle, 1)).toEqual(['resolved']);
});

test('days and months are in UTC', () => {
  const clock = new ManualClock(Date.UTC(2028, 1, 29, 23, 59));
  const budgets: BudgetOptions[] = [
    { name: 'day', per: 'day', limitUsd: 1 },
    { name: 'month', per: 'month', limitUsd: 1 },
  ];
  const { ai } = setUp({ canary: { clock, budgets } });
  expect(ai.canary.snapshot().budgets).toMatchObject([
    { startedAtMs: Date.UTC(2028, 1, 29), resetsAtMs: Date.UTC(2028, 2, 1) },
    { startedAtMs: Date.UTC(2028, 1, 1), resetsAtMs: Date.UTC(2028, 2, 1) },
  ]);
});
