import { expect, test } from 'vitest';
import { lacks, type Capable } from '../../src/providers/capabilities.ts';
import { PROVIDER_NAMES } from '../../src/providers/presets.ts';
import { type Requirement, REQUIREMENTS } from '../../src/domain/call.ts';

function lackOf(upstream: Capable, ...requirements: Requirement[]): Requirement | undefined {
  return lacks(upstream, 'chat', new Set(requirements));
}

test.each([
  ['deepseek', 'deepseek-chat', 'vision'],
  ['deepseek', 'deepseek-v4-pro', 'audio'],
  ['deepseek', undefined, 'files'],
  ['deepseek', 'deepseek-chat', 'multipleChoices'],
  ['deepseek', 'deepseek-chat', 'jsonSchema'],
  ['holysheep', 'deepseek-v3.2', 'vision'],
  ['openrouter', 'deepseek/deepseek-chat', 'vision'],
  ['groq', 'llama-3.3-70b', 'multipleChoices'],
  ['groq', 'llama-3.3-70b', 'logprobs'],
  ['groq', 'llama-4-maverick', 'audio'],
  ['groq', 'llama-4-maverick', 'files'],
  ['openai', 'gpt-5', 'logprobs'],
  ['azure', 'o3', 'logprobs'],
] as const)('%s with %s lacks %s', (provider, model, requirement) => {
  expect(lackOf({ provider, model }, requirement)).toBe(requirement);
});

test.each([
  ['deepseek', 'deepseek-v4-flash-vision-exp', 'vision'],
  ['openrouter', 'deepseek/deepseek-vl2', 'vision'],
  ['deepseek', 'deepseek-chat', 'tools'],
  ['deepseek', 'deepseek-chat', 'logprobs'],
  ['holysheep', 'gemini-2.5-flash', 'vision'],
  ['groq', 'llama-4-maverick', 'vision'],
  ['gemini', 'gemini-2.5-flash', 'audio'],
  ['openai', 'gpt-4.1', 'logprobs'],
  ['openai', undefined, 'vision'],
  ['openrouter', 'openai/gpt-5', 'logprobs'],
] as const)('%s with %s is not known to lack %s', (provider, model, requirement) => {
  expect(lackOf({ provider, model }, requirement)).toBeUndefined();
});

test('returns the first missing requirement, in the order of REQUIREMENTS', () => {
  expect(lackOf({ provider: 'groq' }, 'multipleChoices', 'tools', 'logprobs', 'audio')).toBe('audio');
  expect(lackOf({ provider: 'deepseek' }, 'multipleChoices', 'jsonSchema')).toBe('jsonSchema');
});

test("DeepSeek's Responses API enforces a schema", () => {
  expect(
    lacks({ provider: 'deepseek', model: 'deepseek-flash' }, 'responses', new Set(['jsonSchema'])),
  ).toBeUndefined();
});

test('capabilities of the user win over the known gaps, both ways', () => {
  expect(lackOf({ provider: 'openai', capabilities: { vision: false } }, 'vision')).toBe('vision');
  expect(lackOf({ provider: 'deepseek', capabilities: { jsonSchema: true } }, 'jsonSchema')).toBeUndefined();
  expect(lackOf({ provider: 'deepseek', capabilities: { tools: true } }, 'vision')).toBe('vision');
  expect(lackOf({ capabilities: { tools: false } }, 'tools')).toBe('tools');
});

test('nothing is missing without requirements, or without a provider', () => {
  expect(lackOf({ provider: 'deepseek', capabilities: { vision: false } })).toBeUndefined();
  expect(lackOf({ model: 'deepseek-chat' }, ...REQUIREMENTS)).toBeUndefined();
});

test.each(PROVIDER_NAMES)('%s has tools', (provider) => {
  expect(lackOf({ provider, model: 'm' }, 'tools')).toBeUndefined();
});
