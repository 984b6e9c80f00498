import { findProvider } from '@pydantic/genai-prices';
import { expect, test } from 'vitest';
import { PROVIDER_NAMES, providerPreset } from '../../src/providers/presets.ts';

test.each([
  ['openai', 'https://api.openai.com/v1', 'OPENAI_API_KEY'],
  ['holysheep', 'https://api.holysheep.ai/v1', 'HOLYSHEEP_API_KEY'],
  ['deepseek', 'https://api.deepseek.com', 'DEEPSEEK_API_KEY'],
  ['gemini', 'https://generativelanguage.googleapis.com/v1beta/openai/', 'GEMINI_API_KEY'],
  ['groq', 'https://api.groq.com/openai/v1', 'GROQ_API_KEY'],
  ['openrouter', 'https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY'],
] as const)('%s has the base URL %s and its key in %s', (name, baseURL, apiKeyVariable) => {
  expect(providerPreset(name)).toMatchObject({ baseURL, apiKeyVariable });
});

test('azure has no base URL and no key variable: it is used through a client', () => {
  expect(providerPreset('azure')).toMatchObject({ baseURL: undefined, apiKeyVariable: undefined });
});

test.each(PROVIDER_NAMES)('the price provider of %s is the one that the price table has for its base URL', (name) => {
  const { baseURL, priceProvider } = providerPreset(name);
  const known = findProvider(baseURL === undefined ? { providerId: name } : { providerApiUrl: baseURL });
  expect(priceProvider).toBe(known?.id);
});

test('the relay has no entry in the price table', () => {
  expect(providerPreset('holysheep').priceProvider).toBeUndefined();
});
