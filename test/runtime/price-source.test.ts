/** The option `prices.source`: a list of the user's, read at the start and every day. */

import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type CanaryOptions, ConfigError, type PriceSource, UnknownPriceError } from '../../src/index.ts';
import { BODY } from '../support/calls.ts';
import { chat } from '../support/replies.ts';
import { type SetUp, setUp } from '../support/set-up.ts';

const DAY_MS = 86_400_000;
/** A million tokens each. */
const ANSWER = chat('Hello.', { input: 1_000_000, output: 1_000_000 });
/** In the format of LiteLLM. `gpt-4.1` costs 2 and 8 USD in the bundled list. */
const litellm = (input: number, output: number) => ({
  sample_spec: { litellm_provider: 'one of the providers', input_cost_per_token: 0 },
  'gpt-4.1': { litellm_provider: 'openai', mode: 'chat', input_cost_per_token: input, output_cost_per_token: output },
});

function clientOf(source: PriceSource, canary: CanaryOptions = {}): SetUp & { ask: () => Promise<unknown> } {
  const set = setUp({
    client: { baseURL: 'https://api.openai.com/v1' },
    canary: { ...canary, prices: { source } },
  });
  set.providers.usually('api.openai.com', ANSWER).usually('api', ANSWER);
  return { ...set, ask: () => Promise.resolve(set.ai.chat.completions.create({ ...BODY, model: 'gpt-4.1' })) };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

const messages = ({ events }: SetUp) => events.of('warning').map(({ message }) => message);

test('the list of a function prices calls, and each cost names its day and age', async () => {
  const set = clientOf(() => litellm(3e-6, 9e-6));
  await settled();
  await set.ask();
  const [attempt] = set.events.of('attempt');
  expect(attempt?.cost).toEqual({
    costUsd: 12,
    source: 'table',
    table: { version: 'prices.source', date: '2026-01-01', ageDays: 0 },
  });
  expect(set.ai.canary.costs({ by: 'model' }).prices).toEqual({ version: 'prices.source', date: '2026-01-01' });
});

test('the list is read again every day, and a failure keeps the last one with a warning', async () => {
  const lists = [litellm(3e-6, 9e-6), litellm(4e-6, 9e-6), 'not JSON', 'not JSON', litellm(5e-6, 9e-6)];
  let reads = 0;
  const set = clientOf(() => lists[Math.min(reads++, lists.length - 1)]);
  const costs = [];
  for (const waitMs of [0, DAY_MS, DAY_MS, 3_600_000, 3_600_000]) {
    await set.clock.advance(waitMs);
    await settled();
    await set.ask();
    costs.push(set.events.of('attempt').at(-1)?.cost.costUsd);
  }
  expect([costs, reads]).toEqual([[12, 13, 13, 13, 14], 5]);
  expect(messages(set)).toEqual([
    expect.stringMatching(/^The list of prices\.source could not be read \(SyntaxError: /),
  ]);
  expect(set.events.of('attempt').map(({ cost }) => cost.table?.date)).toEqual([
    '2026-01-01',
    '2026-01-02',
    '2026-01-02',
    '2026-01-02',
    '2026-01-03',
  ]);
});

test.each([
  ['throws', () => Promise.reject(new Error('no network'))],
  ['returns a list in another format', () => ({ models: ['gpt-4.1'] })],
  ['returns a list without prices', () => ({ 'gpt-4.1': { litellm_provider: 'openai', mode: 'chat' } })],
  ['states a date that is none', () => ({ date: 'someday', prices: litellm(1e-6, 1e-6) })],
])('a source that %s leaves the bundled list in use', async (_, source) => {
  const set = clientOf(source);
  await settled();
  await set.ask();
  expect(set.events.of('attempt')[0]?.cost).toMatchObject({ costUsd: 10, table: { date: '2026-09-23', ageDays: 0 } });
  expect(messages(set)).toHaveLength(1);
});

test('a list is as old as it says, and the client warns once where it is older than 60 days', async () => {
  const aged = async (date: string) => {
    const set = clientOf(() => ({ date, prices: litellm(3e-6, 9e-6) }));
    await settled();
    await set.ask();
    await set.ask();
    return [set.events.of('attempt')[0]?.cost.table?.ageDays, messages(set)];
  };
  expect(await aged('2025-11-02')).toEqual([60, []]);
  expect(await aged('2025-11-01')).toEqual([
    61,
    ['The price list is of 2025-11-01, 61 days old, so costs may be wrong: update the list of prices.source'],
  ]);
});

test('listeners learn that the bundled list is outdated, and prices of upstreams are not', async () => {
  const printed: unknown[] = [];
  const set = setUp({
    client: { baseURL: 'https://api.openai.com/v1' },
    canary: { prices: {}, logger: { warn: (line) => printed.push(line) } },
  });
  set.providers.usually('api', ANSWER);
  await set.clock.advance(Date.UTC(2026, 10, 23) - set.clock.now());
  await set.ai.chat.completions.create({ ...BODY, model: 'gpt-4.1' });
  expect(messages(set)).toEqual([
    expect.stringMatching(/^The price list is of 2026-09-23, 61 days old, so costs may be wrong: update openai-canary/),
  ]);
  expect(printed).toEqual([]);
  const stated = setUp();
  stated.providers.usually('openai', ANSWER);
  await stated.clock.advance(Date.UTC(2027, 0) - stated.clock.now());
  await stated.ai.chat.completions.create(BODY);
  expect(messages(stated)).toEqual([]);
});

test('a file has the day of its last change, and the first call that depends on a price waits for it', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'prices-')), 'list.json');
  const catalogue = {
    relay: { api: 'https://openai.test/v1', models: { 'model-x': { cost: { input: 1, output: 2 } } } },
  };
  writeFileSync(file, JSON.stringify(catalogue));
  utimesSync(file, new Date('2025-12-30T10:00:00Z'), new Date('2025-12-30T10:00:00Z'));
  const set = setUp({ canary: { prices: { source: file }, onUnknownPrice: 'reject' } });
  set.providers.usually('openai', ANSWER);
  await set.ai.chat.completions.create({ ...BODY, model: 'model-x' });
  expect(set.events.of('attempt')[0]?.cost).toEqual({
    costUsd: 3,
    source: 'table',
    table: { version: 'prices.source', date: '2025-12-30', ageDays: 2 },
  });
  await expect(set.ai.chat.completions.create({ ...BODY, model: 'model-y' })).rejects.toThrow(UnknownPriceError);
});

test('a file that is missing is named, and calls go on', async () => {
  const set = clientOf('/no/such/list.json');
  await expect.poll(() => messages(set)).toEqual([expect.stringContaining('/no/such/list.json')]);
  await expect(set.ask()).resolves.toBeDefined();
});

test('a price of an upstream wins over the list, and an upstream may be called `source`', async () => {
  const price = { inputPerMTok: 7, outputPerMTok: 0 };
  const set = setUp({ upstreams: { source: {} }, canary: { prices: { source: price }, weights: { source: 1 } } });
  set.providers.usually('source', ANSWER);
  await set.ai.chat.completions.create(BODY);
  expect(set.events.of('attempt')[0]?.cost).toEqual({ costUsd: 7, source: 'override' });
});

test('close() ends the daily reading', async () => {
  let reads = 0;
  const set = clientOf(() => ((reads += 1), litellm(3e-6, 9e-6)));
  await settled();
  await set.ai.canary.close();
  await set.clock.advance(3 * DAY_MS);
  expect(reads).toBe(1);
});

test.each([
  ['https://example.com/list.json', 'canary.prices.source should be a file or a function, got an address'],
  ['', 'canary.prices.source should be a file or a function that returns a price list, got ""'],
  [5, 'canary.prices.source should be a file or a function that returns a price list, got 5'],
])('refuses the source %j', (source, message) => {
  expect(() => setUp({ canary: { prices: { source: source as string } } })).toThrow(ConfigError);
  expect(() => setUp({ canary: { prices: { source: source as string } } })).toThrow(message);
});
