/** Budgets, limits, snapshot and advice of shadows. */

import { describe, expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { BODY, ask, within } from '../support/calls.ts';
import { after, chat, failed, silent } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';
import { askAndWait, shadowed } from './support/shadowed.ts';

const DAY_MS = 86_400_000;
/** The cost of a copy with 10 input and 5 output tokens. */
const COPY_USD = 0.00006;

describe('the budget', () => {
  test('stops mirroring for the rest of the UTC day once it is spent', async () => {
    const world = shadowed({ budgetUsd: 10 * COPY_USD }, { canary: {} });
    const limited = { ...BODY, max_tokens: 5 };
    const call = async (): Promise<void> => {
      await world.ai.chat.completions.create(limited);
      await world.clock.advance(0);
    };
    for (let index = 0; index < 30; index += 1) await call();
    const sent = world.providers.to('gemini').length;
    expect(sent).toBeGreaterThanOrEqual(9);
    expect(sent).toBeLessThanOrEqual(10);
    expect(world.ai.canary.snapshot().shadow?.gemini?.dropped.budget).toBe(30 - sent);
    await world.clock.advance(DAY_MS);
    await call();
    expect(world.providers.to('gemini')).toHaveLength(sent + 1);
  });

  test('counts copies in flight by their estimates', async () => {
    const { ai, clock, providers } = shadowed({ budgetUsd: 0.02 });
    providers.usually('gemini', silent());
    // 1,000 output tokens at 8 USD per million: 0.008 USD each.
    for (let index = 0; index < 5; index += 1)
      await within(clock, 0, ai.chat.completions.create({ ...BODY, max_tokens: 1_000 }));
    expect(providers.to('gemini')).toHaveLength(2);
  });

  test('is not spent by failed copies', async () => {
    const world = shadowed({ budgetUsd: 0.01 });
    world.providers.usually('gemini', failed(500));
    for (let index = 0; index < 5; index += 1) {
      await world.ai.chat.completions.create({ ...BODY, max_tokens: 1_000 });
      await world.clock.advance(0);
    }
    expect(world.providers.to('gemini')).toHaveLength(5);
  });

  test('warns if the price is unknown', async () => {
    const world = shadowed({ budgetUsd: 1 }, { canary: { prices: {} } });
    await world.ai.chat.completions.create({ ...BODY, model: 'unpriced-model' });
    await world.clock.advance(0);
    expect(world.events.of('warning').filter(({ code }) => code === 'shadow')).toMatchObject([
      { message: expect.stringContaining('the model on gemini has no known price') as string },
    ]);
  });
});

describe('the budgets of the client', () => {
  test('include copies, which are dropped if they exceed the budget', async () => {
    const budgets = [
      { name: 'gemini', per: 'day', limitUsd: 0.012, scope: { upstream: 'gemini' }, onExceeded: 'reject' },
    ] as const;
    const world = shadowed({}, { canary: { budgets } });
    const limited = { ...BODY, max_tokens: 1_000 };
    world.providers.script('gemini', chat('Hello.', { output: 1_000 }));
    for (let index = 0; index < 3; index += 1) {
      await world.ai.chat.completions.create(limited);
      await world.clock.advance(0);
    }
    expect(world.providers.asked).toEqual(['openai', 'gemini', 'openai', 'openai']);
    expect(world.ai.canary.snapshot().budgets).toMatchObject([{ spentUsd: 0.00802, reservedUsd: 0 }]);
    expect(world.ai.canary.snapshot().shadow?.gemini?.dropped.budget).toBe(2);
  });
});

describe('the limits of an upstream', () => {
  test('count copies as requests per minute', async () => {
    const world = shadowed({}, { upstreams: { gemini: { limits: { rpm: 2 } } } });
    for (let index = 0; index < 5; index += 1) await askAndWait(world);
    expect(world.providers.to('gemini')).toHaveLength(2);
    expect(world.ai.canary.snapshot().shadow?.gemini?.dropped.unavailable).toBe(3);
  });

  test('give no concurrency slot to a copy, so a hanging copy does not block real calls', async () => {
    const world = shadowed({}, { upstreams: { gemini: { limits: { concurrency: 1 } } } });
    world.providers.script('gemini', silent());
    await askAndWait(world);
    await within(world.clock, 0, ask(world.ai, route({ upstream: 'gemini', fallbacks: false })));
    expect(world.providers.asked).toEqual(['openai', 'gemini', 'gemini']);
  });
});

describe('the snapshot', () => {
  test('has no shadow field without the option', () => {
    expect(setUp().ai.canary.snapshot()).not.toHaveProperty('shadow');
  });

  test('counts copies, success, latency, cost and agreement over the window', async () => {
    const world = shadowed({ share: 0.999 });
    const { ai, clock, providers } = world;
    providers.script(
      'gemini',
      after(100, chat('Hello.')),
      after(300, failed(500)),
      after(100, chat('Good day to you.')),
    );
    for (let index = 0; index < 3; index += 1) await within(clock, 300, ask(ai));
    expect(ai.canary.snapshot().shadow?.gemini).toMatchObject({
      share: 0.999,
      calls: 3,
      successRate: 2 / 3,
      latencyMs: { count: 3 },
      costUsd: 2 * COPY_USD,
      compared: 2,
      aspects: { finishReason: 1, refusal: 1, text: 0.5 },
      running: 0,
      waiting: 0,
      recommend: 'hold',
      reason: '3 of the 30 calls needed',
    });
    await clock.advance(600_000);
    expect(ai.canary.snapshot().shadow?.gemini).toMatchObject({
      calls: 0,
      successRate: null,
      compared: 0,
      agreement: null,
      aspects: {},
    });
  });
});

describe('the advice', () => {
  async function advised(shadow: (index: number) => ReturnType<typeof chat>, calls = 40): Promise<unknown> {
    const world = shadowed();
    world.providers.usually('openai', after(100, chat('The sky is blue.')));
    for (let index = 0; index < calls; index += 1) {
      world.providers.script('gemini', shadow(index));
      await within(world.clock, 400, ask(world.ai));
    }
    const { recommend, reason } = world.ai.canary.snapshot().shadow?.gemini ?? {};
    return [recommend, reason];
  }

  test('is hold below 30 calls', async () => {
    expect(await advised(() => chat('The sky is blue.'), 29)).toEqual(['hold', '29 of the 30 calls needed']);
  });

  test('is raise if the answers agree and the shadow fails no more often', async () => {
    expect(await advised(() => chat('The sky is blue.'))).toEqual([
      'raise',
      'the answers agree by 100.0 %; 0.0 % of calls fail, 0.0 % on stable',
    ]);
  });

  test('is stop if the shadow fails more often', async () => {
    expect(await advised((index) => (index % 10 === 0 ? failed(500) : chat('The sky is blue.')))).toEqual([
      'stop',
      '10.0 % of calls fail, 0.0 % on stable',
    ]);
  });

  test('is hold at low agreement, and stop at very low agreement', async () => {
    expect(await advised(() => chat('Sky?'))).toEqual(['hold', 'the answers agree by 32.5 %']);
    expect(await advised(() => chat('No.'))).toEqual(['stop', 'the answers agree by 9.4 %']);
  });

  test('is hold if the shadow is slow', async () => {
    expect(await advised(() => after(300, chat('The sky is blue.')))).toEqual([
      'hold',
      'its p95 is 3.0 times that of stable',
    ]);
  });
});

test('mirrors both calls of a key, or neither', async () => {
  const world = shadowed({ share: 0.5 });
  await askAndWait(world);
  await askAndWait(world);
  expect([0, 2]).toContain(world.providers.to('gemini').length);
});
