/** Price lists in the formats of LiteLLM and models.dev. */

import { describe, expect, test } from 'vitest';
import type { Usage } from '../../src/domain/usage.ts';
import { readPriceList } from '../../src/pricing/price-list.ts';
import { PriceTable, TABLE_VERSION } from '../../src/pricing/price-table.ts';

const atMs = Date.UTC(2026, 10, 20, 12);
const NONE: Usage = { inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0 };
const M = 1_000_000;

function costUnder(value: unknown) {
  const list = readPriceList(value);
  if (!list) throw new TypeError('no list');
  const table = new PriceTable();
  table.adopt(list, TABLE_VERSION);
  return (provider: string | undefined, model: string, usage: Partial<Usage>, baseURL?: string) =>
    table.tableCostUsd({ provider, baseURL, model, usage: { ...NONE, ...usage }, atMs });
}

describe('LiteLLM', () => {
  const cost = costUnder({
    sample_spec: { litellm_provider: 'one of …', input_cost_per_token: 0 },
    'gpt-9': {
      litellm_provider: 'openai',
      mode: 'chat',
      input_cost_per_token: 1.25e-6,
      output_cost_per_token: 1e-5,
      cache_read_input_token_cost: 1.25e-7,
      input_cost_per_token_above_272k_tokens: 2.5e-6,
      output_cost_per_token_above_272k_tokens: 1.5e-5,
      input_cost_per_token_priority: 2.5e-6,
      output_cost_per_token_priority: 2e-5,
      input_cost_per_token_flex: 5e-7,
      output_cost_per_token_flex: 4e-6,
      search_context_cost_per_query: {
        search_context_size_low: 0.02,
        search_context_size_medium: 0.02,
        search_context_size_high: 0.02,
      },
    },
    'gemini/gemini-9': { litellm_provider: 'gemini', input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 },
    'claude-9': {
      litellm_provider: 'anthropic',
      input_cost_per_token: 5e-6,
      output_cost_per_token: 2.5e-5,
      cache_creation_input_token_cost: 6.25e-6,
      cache_creation_input_token_cost_above_1hr: 1e-5,
    },
    'whisper-9': { litellm_provider: 'openai', mode: 'audio_transcription', input_cost_per_second: 0.0001 },
    'ft:gpt-9': { litellm_provider: 'openai', input_cost_per_token: 3e-6, output_cost_per_token: 1.2e-5 },
    'gpt-4.1': { litellm_provider: 'openai', input_cost_per_token: 1e-6, output_cost_per_token: 8e-6 },
    'gpt-4.1-mini': { litellm_provider: 'openai', input_cost_per_token: 4e-7, output_cost_per_token: 1.6e-6 },
    broken: { litellm_provider: 'openai', input_cost_per_token: -1, output_cost_per_token: 'free' },
  });

  test.each([
    [
      'tokens, and cached ones',
      'openai',
      'gpt-9',
      { inputTokens: 200_000, cachedInputTokens: 100_000, outputTokens: M },
      0.125 + 0.0125 + 10,
    ],
    ['a model with a date', 'openai', 'gpt-9-2026-11-01', { inputTokens: 100_000 }, 0.125],
    ['a fine-tuned model of a customer', 'openai', 'ft:gpt-9:acme::1', { inputTokens: M }, 3],
    ['long context', 'openai', 'gpt-9', { inputTokens: 400_000, outputTokens: M }, 1 + 15],
    ['priority', 'openai', 'gpt-9', { inputTokens: 100_000, serviceTier: 'priority' as const }, 0.25],
    [
      'flex, by the factor of the list',
      'openai',
      'gpt-9',
      { inputTokens: 100_000, serviceTier: 'flex' as const },
      0.05,
    ],
    [
      'batches, by the factor of the provider',
      'openai',
      'gpt-9',
      { inputTokens: 100_000, serviceTier: 'batch' as const },
      0.0625,
    ],
    ['a search', 'openai', 'gpt-9', { webSearches: 3 }, 0.06],
    ['a provider that is named differently', 'google', 'gemini-9', { inputTokens: M, outputTokens: M }, 3],
    [
      'cache writes for an hour',
      'anthropic',
      'claude-9',
      { inputTokens: M, cacheWriteTokens: M, cacheWrite1hTokens: 400_000 },
      0.6 * 6.25 + 4,
    ],
    ['seconds of audio', 'openai', 'whisper-9', { audioInputSeconds: 100 }, 0.01],
    ['a model that only the bundled list has', 'openai', 'gpt-4o', { inputTokens: M }, 2.5],
  ])('prices %s', (_, provider, model, usage, expected) => {
    expect(cost(provider, model, usage)).toBeCloseTo(expected, 10);
  });

  test('takes the rate of cached input from the bundled list only at the same price', () => {
    const cached = { inputTokens: M, cachedInputTokens: M };
    expect(cost('openai', 'gpt-4.1-mini', cached)).toBeCloseTo(0.1, 10);
    // The input is cheaper than in the bundled list, whose 0.50 USD for cached input is no longer true.
    expect(cost('openai', 'gpt-4.1', cached)).toBeCloseTo(1, 10);
  });

  test('knows no price of an entry that is broken', () => {
    expect(cost('openai', 'broken', { inputTokens: 1 })).toBeUndefined();
  });
});

describe('models.dev', () => {
  const models = {
    'm-1': { cost: { input: 2, output: 8, cache_read: 0.5, input_audio: 10 } },
    'm-2': { cost: { input: 1, output: 2, context_over_200k: { input: 2, output: 3 } } },
    'm-3': { cost: { input: 1, output: 2, tiers: [{ tier: { type: 'context', size: 32_000 }, input: 4, output: 5 }] } },
    free: { cost: { input: 0, output: 0 } },
    unpriced: {},
  };
  const cost = costUnder({
    xai: { id: 'xai', models },
    relay: { id: 'relay', api: 'https://api.relay.example/v1', models },
  });

  test.each([
    [
      'tokens, cached and audio',
      'm-1',
      { inputTokens: M, cachedInputTokens: 100_000, audioInputTokens: 100_000 },
      1.6 + 0.05 + 1,
    ],
    ['200,000 tokens', 'm-2', { inputTokens: 200_000 }, 0.2],
    ['more than 200,000 tokens', 'm-2', { inputTokens: 200_001, outputTokens: 1_000 }, 0.400002 + 0.003],
    ['a tier of context', 'm-3', { inputTokens: 40_000 }, 0.16],
    ['a free model', 'free', { inputTokens: M }, 0],
  ])('prices %s, by provider and by address', (_, model, usage, expected) => {
    expect(cost('x-ai', model, usage)).toBeCloseTo(expected, 10);
    expect(cost(undefined, model, usage, 'https://api.relay.example/v2/')).toBeCloseTo(expected, 10);
  });

  test('a model without a cost has no known price', () => {
    expect(cost('x-ai', 'unpriced', { inputTokens: 1 })).toBeUndefined();
    expect(cost(undefined, 'm-1', { inputTokens: 1 }, 'https://other.example/v1')).toBeUndefined();
  });
});

test.each([[null], ['text'], [[]], [{}], [{ 'gpt-9': { input: 1 } }], [{ openai: { models: {} } }]])(
  '%j is no price list',
  (value) => {
    expect(readPriceList(value)).toBeUndefined();
  },
);
