/** `costOf()`: the cost of a usage, without a client. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { costOf } from '../src/index.ts';
import { readReportedCosts, recorded, skipNote } from './pricing/recorded-bodies.ts';

const AT = Date.UTC(2026, 10, 20, 12);
const usage = { prompt_tokens: 1_000, completion_tokens: 100, prompt_tokens_details: { cached_tokens: 200 } };
/** gpt-4.1 per million tokens: input 2 USD, cached input 0.50, output 8 (https://platform.openai.com/docs/pricing). */
const GPT_4_1_USD = (800 * 2 + 200 * 0.5 + 100 * 8) / 1e6;

test('prices an answer by the public price list, and names the list', () => {
  const { costUsd, ...rest } = costOf({ model: 'gpt-4.1', usage, serviceTier: 'default', at: AT });
  expect(costUsd).toBeCloseTo(GPT_4_1_USD, 12);
  expect(rest).toEqual({
    source: 'table',
    table: { version: expect.any(String), date: '2026-09-23', ageDays: 58 },
    usage: { inputTokens: 1_000, outputTokens: 100, cachedInputTokens: 200, reasoningTokens: 0 },
  });
});

test.each([
  [
    'the name of a preset',
    { provider: 'gemini', model: 'gemini-2.5-flash' },
    (800 * 0.3 + 200 * 0.03 + 100 * 2.5) / 1e6,
  ],
  ['an id of the table', { provider: 'google', model: 'gemini-2.5-flash' }, (800 * 0.3 + 200 * 0.03 + 100 * 2.5) / 1e6],
  ['an address', { baseURL: 'https://api.openai.com/v1', model: 'gpt-4.1' }, GPT_4_1_USD],
])('recognises the provider by %s', (_, whose, expected) => {
  expect(costOf({ ...whose, usage, at: AT }).costUsd).toBeCloseTo(expected, 12);
});

test('a cost reported by the provider takes precedence, unless `ignoreReported` is set', () => {
  const reported = { provider: 'openrouter', model: 'openai/gpt-4.1', usage: { ...usage, cost: 0.5 }, at: AT };
  expect(costOf(reported)).toMatchObject({ costUsd: 0.5, source: 'reported' });
  expect(costOf({ ...reported, ignoreReported: true })).toMatchObject({ source: 'table' });
});

test('uses the price of the given day', () => {
  // The price of o3 fell to a fifth on 2025-06-10.
  const o3 = { model: 'o3', usage: { input_tokens: 1_000, output_tokens: 100 } };
  const before = costOf({ ...o3, at: new Date('2025-06-09') }).costUsd;
  expect(before).toBeCloseTo((costOf({ ...o3, at: new Date('2025-06-11') }).costUsd ?? NaN) * 5, 10);
});

test.each([
  ['model', { model: 'no-such-model', usage }],
  ['provider', { provider: 'nobody', model: 'gpt-4.1', usage }],
  ['relay', { provider: 'holysheep', model: 'gpt-4.1', usage }],
  ['usage', { model: 'gpt-4.1', usage: { tokens: 5 } }],
  ['day', { model: 'o3', usage, at: new Date('someday') }],
])('an unknown %s makes the cost null, never 0', (_, input) => {
  expect(costOf(input)).toMatchObject({ costUsd: null, source: null });
});

test('takes a whole answer: its service tier and its searches change the cost', () => {
  const plain = { prompt_tokens: 1_000, completion_tokens: 100 };
  const standard = costOf({ model: 'gpt-5', usage: plain, at: AT }).costUsd ?? NaN;
  const answer = { model: 'gpt-5', usage: plain, at: AT, id: 'chatcmpl-1', object: 'chat.completion' };
  expect(costOf({ ...answer, service_tier: 'flex' }).costUsd).toBeCloseTo(standard / 2, 12);
  expect(costOf({ ...answer, serviceTier: 'priority' }).costUsd).toBeCloseTo(standard * 2, 12);
  expect(costOf({ ...answer, service_tier: 'default', serviceTier: 'batch' }).costUsd).toBeCloseTo(standard / 2, 12);
  expect(costOf({ ...answer, output: [{ type: 'web_search_call' }] }).costUsd).toBeCloseTo(standard + 0.01, 12);
  expect(costOf({ ...answer, output: [{ type: 'code_interpreter_call' }] })).toMatchObject({
    costUsd: standard,
    missing: ['tool fees'],
  });
});

test('a usage alone has the standard price, and says that it may have been of another tier', () => {
  const plain = { prompt_tokens: 1_000, completion_tokens: 100 };
  const standard = costOf({ model: 'gpt-5', usage: plain, serviceTier: 'default', at: AT }).costUsd;
  expect(costOf({ model: 'gpt-5', usage: plain, at: AT })).toMatchObject({
    costUsd: standard,
    missing: ['service tier'],
  });
});

test.each([
  ['its tier is given', { serviceTier: 'default' }],
  ['it names its tier', { service_tier: 'default' }],
  ['it is whole, and its tier is null', { service_tier: null }],
  ['it is a whole chat answer of a provider that names no tier', { choices: [] }],
  ['it is a whole response', { output: [] }],
  ['its usage names the tier', { usage: { ...usage, service_tier: 'standard' } }],
  ['its model has one price', { model: 'gpt-4' }],
])('an answer leaves no tier out if %s', (_, more) => {
  const cost = costOf({ model: 'gpt-5', usage, at: AT, ...more });
  expect(cost.costUsd).toBeGreaterThan(0);
  expect(cost.missing).toBeUndefined();
});

test('`fast`, the newer name of `priority`, has its price', () => {
  const answer = { model: 'gpt-6-sol', usage: { prompt_tokens: 1_000, completion_tokens: 100 }, at: AT };
  expect(costOf({ ...answer, service_tier: 'fast' }).costUsd).toBeCloseTo((1_000 * 4 + 100 * 20) / 1e6, 12);
});

test('prices embeddings by their input, because they have no output', () => {
  const { costUsd } = costOf({ model: 'text-embedding-3-small', usage: { prompt_tokens: 1_000_000 }, at: AT });
  expect(costUsd).toBeCloseTo(0.02, 12);
});

test('never throws, for any input', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('openai', 'o3', '__proto__', 'azure'));
  fc.assert(
    fc.property(text, text, fc.anything(), fc.double(), (provider, model, anything, at) => {
      const { costUsd } = costOf({ provider, model, usage: anything, at });
      expect(costUsd === null || Number.isFinite(costUsd)).toBe(true);
    }),
  );
});

test.skipIf(!recorded)(`reads every recorded cost that a provider reported${skipNote}`, () => {
  for (const { model, usage: stated } of readReportedCosts()) {
    expect(costOf({ provider: 'openrouter', model, usage: stated })).toMatchObject({ source: 'reported' });
  }
});
