/** Costs grouped by one dimension: `canary.costs({ by })`. */

import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ConfigError, route, type CanaryOptions, type CostDimension, type CostRow } from '../../src/index.ts';
import { BODY, STREAM_BODY, ask, drain, errorWithin, within } from '../support/calls.ts';
import { after, chat, failed, json, silent, type Reply } from '../support/replies.ts';
import { runModule } from '../support/child-process.ts';
import { setUp, setUpCanary, type SetUp } from '../support/set-up.ts';
import { chatStream, chunk, events } from '../support/stream-replies.ts';

/** Ten input tokens and five output tokens on `openai`, at the price of `setUp`. */
const COST_USD = 0.00006;

function names({ ai }: SetUp, by: CostDimension): unknown {
  return ai.canary.costs({ by }).rows.map(({ name, attempts }) => [name, attempts]);
}

test('groups by upstream, model, task, day and month, the most expensive first', async () => {
  const world = setUp({ upstreams: { gemini: { model: 'gemini-2.5-flash' } } });
  const { ai, clock } = world;
  await ask(ai, route({ task: 'legal' }));
  await ask(ai, route({ task: 'summary' }));
  await ask(ai, route({ task: 'legal', upstream: 'gemini' }));
  await clock.advance(31 * 86_400_000);
  await ask(ai);
  expect(names(world, 'upstream')).toEqual([['openai', 3], ['gemini', 1]]); // prettier-ignore
  expect(names(world, 'model')).toEqual([['gpt-4.1', 3], ['gemini-2.5-flash', 1]]); // prettier-ignore
  expect(names(world, 'task')).toEqual([['legal', 2], ['summary', 1], [null, 1]]); // prettier-ignore
  expect(names(world, 'day')).toEqual([['2026-01-01', 3], ['2026-02-01', 1]]); // prettier-ignore
  expect(names(world, 'month')).toEqual([['2026-01', 3], ['2026-02', 1]]); // prettier-ignore
  const since = ai.canary.costs({ by: 'task', since: new Date('2026-02-01') });
  expect(since.rows.map(({ name }) => name)).toEqual([null]);
  expect(since.total).toMatchObject({ attempts: 1, inputTokens: 10, outputTokens: 5 });
});

describe('a key', () => {
  test('appears as its hash, which the application can compute', async () => {
    const { ai } = setUp();
    await ask(ai, route({ key: 'user-42' }));
    const costs = ai.canary.costs({ by: 'key' });
    expect(costs.rows[0]?.name).toBe(createHash('sha256').update('user-42').digest('hex').slice(0, 16));
    expect(JSON.stringify(costs) + costs.toCsv()).not.toContain('user-42');
  });

  test('may come from the client or the body, but not from a conversation', async () => {
    const world = setUp();
    await ask(world.ai);
    await world.ai.chat.completions.create({ ...BODY, safety_identifier: 'user-42' });
    expect(names(world, 'key')).toEqual([[expect.stringMatching(/^[0-9a-f]{16}$/), 1], [null, 1]]); // prettier-ignore
  });
});

describe('the ledger counts', () => {
  test('failed attempts and the one that answered', async () => {
    const world = setUpCanary({ canary: { retry: { attempts: 1, minDelay: 0 } } });
    world.providers.script('gemini', failed(503));
    await within(world.clock, 0, ask(world.ai));
    expect(names(world, 'upstream')).toEqual([['openai', 1], ['gemini', 1]]); // prettier-ignore
  });

  test('an abandoned stream, by estimate', async () => {
    const { ai } = setUp();
    for await (const { choices } of await ai.chat.completions.create(STREAM_BODY)) if (choices.length > 0) break;
    const [row] = ai.canary.costs({ by: 'model' }).rows;
    expect(row).toMatchObject({ attempts: 1, unpriced: 0, outputTokens: expect.any(Number) });
    expect(row?.costUsd).toBeGreaterThan(0);
  });

  test('a hedge, and the attempt that it cancelled', async () => {
    const world = setUpCanary({ canary: { hedge: { after: 100, maxShare: 1 }, breaker: false } });
    world.providers.script('gemini', silent());
    world.providers.script('openai', after(50, chat()));
    await within(world.clock, 150, ask(world.ai));
    expect(names(world, 'upstream')).toEqual([['openai', 1], ['gemini', 1]]); // prettier-ignore
  });

  test('a shadow copy under the key of its call, as money that stable would not have cost', async () => {
    const world = setUp({ upstreams: { gemini: {} }, canary: { shadow: { upstream: 'gemini', share: 1 } } });
    await ask(world.ai, route({ key: 'user-42' }));
    await world.clock.advance(0);
    const [row] = world.ai.canary.costs({ by: 'key' }).rows;
    expect(row).toMatchObject({ attempts: 2, costUsd: 2 * COST_USD, savingsUsd: -COST_USD });
  });

  test('a call that failed on every upstream', async () => {
    const world = setUp({ canary: { retry: { attempts: 0 } } });
    world.providers.script('openai', failed(500), failed(500), failed(500));
    await errorWithin(world.clock, 60_000, ask(world.ai, { maxRetries: 0 }));
    expect(names(world, 'task')).toEqual([[null, 1]]);
  });
});

test('shows what the same tokens would have cost on stable, and the difference', async () => {
  const { ai } = setUp({
    upstreams: { gemini: {} },
    canary: {
      prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 }, gemini: { inputPerMTok: 1, outputPerMTok: 4 } },
    },
  });
  await ask(ai, route({ upstream: 'gemini' }));
  const [row] = ai.canary.costs({ by: 'upstream' }).rows;
  expect(row?.costUsd).toBeCloseTo(COST_USD / 2, 12);
  expect(row?.stableCostUsd).toBeCloseTo(COST_USD, 12);
  expect(row?.savingsUsd).toBeCloseTo(COST_USD / 2, 12);
});

describe('nothing is saved by', () => {
  const HALF = { openai: { inputPerMTok: 2, outputPerMTok: 8 }, gemini: { inputPerMTok: 1, outputPerMTok: 4 } };
  const world = (canary: CanaryOptions = {}): SetUp =>
    setUpCanary({ client: { maxRetries: 0 }, canary: { prices: HALF, breaker: false, ...canary } });
  const savedOn = ({ ai }: SetUp, upstream: string): CostRow | undefined =>
    ai.canary.costs({ by: 'upstream' }).rows.find(({ name }) => name === upstream);

  test('an attempt that a hedge cancelled: stable would have been called once', async () => {
    const set = world({ hedge: { after: 100, maxShare: 1 }, stream: { mode: 'buffered' } });
    set.providers.script('gemini', (request) => {
      const begun = chunk(request, { delta: { role: 'assistant', content: 'One' } });
      return events([{ event: begun }, { waitMs: Infinity }])(request);
    });
    set.providers.script('openai', after(50, chatStream(['Two'])));
    await drain(await within(set.clock, 150, set.ai.chat.completions.create(STREAM_BODY)));
    expect(set.events.of('attempt').map(({ upstream, outcome }) => `${upstream}: ${outcome}`)).toEqual([
      'openai: success',
      'gemini: aborted',
    ]);
    expect(savedOn(set, 'gemini')!.costUsd).toBeGreaterThan(0);
    expect(savedOn(set, 'gemini')!.savingsUsd).toBe(-savedOn(set, 'gemini')!.costUsd);
  });

  test('the second of two simultaneous answers', async () => {
    const set = world({ hedge: { after: 100, maxShare: 1 } });
    const gate = Promise.withResolvers<void>();
    const atOnce: Reply = (request) => gate.promise.then(() => chat()(request));
    set.providers.script('gemini', atOnce).script('openai', atOnce);
    const asked = ask(set.ai);
    await set.clock.advance(100);
    gate.resolve();
    await asked;
    await set.clock.advance(0);
    expect(set.events.of('attempt').map(({ outcome }) => outcome)).toEqual(['success', 'success']);
    expect(set.ai.canary.costs({ by: 'upstream' }).total.stableCostUsd).toBeCloseTo(COST_USD, 12);
  });

  test('a failed attempt on another upstream, even with usage', async () => {
    const set = world();
    set.providers.script(
      'gemini',
      json({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } }),
    );
    await within(set.clock, 0, ask(set.ai));
    expect(set.events.of('attempt')).toMatchObject([
      { upstream: 'gemini', outcome: 'failure' },
      { upstream: 'openai' },
    ]);
    expect(savedOn(set, 'gemini')).toMatchObject({ costUsd: COST_USD / 2, savingsUsd: -COST_USD / 2 });
    expect(savedOn(set, 'openai')).toMatchObject({ savingsUsd: 0 });
  });
});

test('costPerHour covers the time since the first attempt, at least a minute', async () => {
  const { ai, clock } = setUp();
  await ask(ai);
  expect(ai.canary.costs({ by: 'upstream' }).total.costPerHour).toBeCloseTo(COST_USD * 60, 12);
  await clock.advance(2 * 3_600_000);
  expect(ai.canary.costs({ by: 'upstream' }).total.costPerHour).toBeCloseTo(COST_USD / 2, 12);
  await clock.advance(22 * 3_600_000);
  await ask(ai);
  await clock.advance(3_600_000);
  const perDay = ai.canary.costs({ by: 'day' }).rows.map(({ costPerHour }) => costPerHour);
  expect(perDay[0]).toBeCloseTo(COST_USD / 24, 12);
  expect(perDay[1]).toBeCloseTo(COST_USD, 12);
});

test('days without attempts count for costPerHour', async () => {
  const { ai, clock } = setUp();
  await ask(ai);
  await clock.advance(10 * 86_400_000);
  await ask(ai);
  const { total, sinceMs } = ai.canary.costs({ by: 'upstream', since: new Date('2026-01-09') });
  expect(sinceMs).toBe(Date.UTC(2026, 0, 9));
  expect(total.costPerHour).toBeCloseTo(COST_USD / 48, 12);
});

test('rejects an unknown dimension', () => {
  const { ai } = setUp();
  // @ts-expect-error not a dimension
  expect(() => ai.canary.costs({ by: 'user' })).toThrow(ConfigError);
});

test('rejects an invalid date', () => {
  const { ai } = setUp();
  expect(() => ai.canary.costs({ since: new Date('yesterday') })).toThrow('costs.since should be a number, got NaN');
});

test('memory does not grow over a million calls with a million keys', async () => {
  const printed = await runModule(
    `
    const { Ledger } = await import(new URL('ledger/ledger.ts', LIBRARY));
    const ledger = new Ledger();
    const usage = { inputTokens: 10, outputTokens: 5, cachedInputTokens: 0, reasoningTokens: 0 };
    let added = 0;
    const add = (count) => {
      for (const end = added + count; added < end; added += 1) {
        const name = 'name-' + (added % 50);
        const atMs = Date.UTC(2026, 0, 1) + (added % 30) * 86_400_000;
        ledger.add({ upstream: 'a', atMs, costUsd: 1e-5, stableCostUsd: 2e-5, usage, model: name, task: name, key: 'key-' + added });
      }
      gc();
      return process.memoryUsage().heapUsed;
    };
    const before = add(50_000);
    const after = add(1_000_000);
    const { rows, total } = ledger.breakDown({ by: 'key', nowMs: Date.UTC(2026, 1), prices: { version: '1', date: '2026-01-01' }, hashKey: (key) => key });
    console.log(JSON.stringify({ grownBytes: after - before, rows: rows.length, attempts: total.attempts }));
  `,
    ['--expose-gc'],
  );
  const { grownBytes, rows, attempts } = JSON.parse(printed) as Record<'grownBytes' | 'rows' | 'attempts', number>;
  expect({ rows, attempts }).toEqual({ rows: 128, attempts: 1_050_000 });
  expect(grownBytes).toBeLessThan(500_000);
});
