import { expect, test } from 'vitest';
import { isOSeries, reasoningOf, wantsCompletionLimit } from '../../src/providers/openai-model.ts';

test.each([
  ['o1', 'always'],
  ['o3-mini-2025-01-31', 'always'],
  ['openai/o4-mini', 'always'],
  ['ft:o4-mini:org', 'always'],
  ['gpt-5', 'always'],
  ['gpt-5-nano-2025-08-07', 'always'],
  ['gpt-5-pro', 'always'],
  ['gpt-6-sol', 'always'],
  ['gpt-5.1', 'onRequest'],
  ['gpt-5.4-mini', 'onRequest'],
  ['gpt-5.2-2025-12-11', 'onRequest'],
  ['gpt-5.2-pro', 'byDefault'],
  ['gpt-5.1-codex-mini', 'byDefault'],
  ['gpt-5.5', 'byDefault'],
  ['gpt-5.6-sol', 'byDefault'],
  ['gpt-5-chat-latest', 'never'],
  ['gpt-4.1-nano', 'never'],
  ['gpt-4o', 'never'],
  ['ft:gpt-4o-mini-2024-07-18:org', 'never'],
  ['chatgpt-4o-latest', 'never'],
  ['gpt-35-turbo', 'never'],
  ['gpt-5.1-chat-latest', undefined],
  ['gpt-oss-120b', undefined],
  ['deepseek-chat', undefined],
  ['o', undefined],
  ['o1x', undefined],
  ['our-deployment', undefined],
  ['', undefined],
  [undefined, undefined],
] as const)('%s: %s', (model, reasoning) => {
  expect(reasoningOf(model)).toBe(reasoning);
});

test.each(['o1', 'o3-mini', 'gpt-5', 'gpt-5-chat-latest', 'gpt-5.1-chat-latest', 'gpt-6-luna', 'openai/gpt-5.5'])(
  '%s needs max_completion_tokens',
  (model) => {
    expect(wantsCompletionLimit(model)).toBe(true);
  },
);

test.each(['gpt-4.1', 'gpt-35-turbo', 'gpt-3.5-turbo', 'gpt-oss-20b', 'deepseek-v3.2', 'gpt-50x', undefined])(
  '%s is not known to need max_completion_tokens',
  (model) => {
    expect(wantsCompletionLimit(model)).toBe(false);
  },
);

test('recognises the o series', () => {
  expect(['o1', 'o3', 'o4-mini', 'gpt-5', 'omni-moderation', undefined].map(isOSeries)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
