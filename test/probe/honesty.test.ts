/** Facts that the honesty comparison relies on: the tokens of the passage, and equal model names. */

import { encode as encodeO200k } from 'gpt-tokenizer/encoding/o200k_base';
import { encode as encodeCl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { expect, test } from 'vitest';
import { isSameModel, PASSAGE, PASSAGE_TOKENS } from '../../src/probe/honesty.ts';

test('the passage has the stated number of tokens', () => {
  expect(encodeO200k(PASSAGE)).toHaveLength(PASSAGE_TOKENS);
  expect(encodeCl100k(PASSAGE)).toHaveLength(PASSAGE_TOKENS + 1);
});

test.each([
  ['gpt-4.1', 'gpt-4.1-2025-04-14', true],
  ['gpt-4.1', 'openai/gpt-4.1', true],
  ['openai/gpt-4.1:free', 'gpt-4.1', true],
  ['gpt-4-0613', 'gpt-4', true],
  ['claude-3-5-sonnet-latest', 'claude-3-5-sonnet-20241022', true],
  ['gemini-2.5-flash', 'gemini-2.5-flash-preview-05-20', true],
  ['gemini-2.5-flash-001', 'google/gemini-2.5-flash', true],
  ['GPT-4.1', 'gpt-4-1', true],
  ['gpt-4.1', 'gpt-4.1-mini', false],
  ['gpt-4.1-mini', 'gpt-4.1', false],
  ['gpt-4o', 'gpt-4', false],
  ['deepseek-chat', 'qwen-max', false],
])('%s and %s are the same model: %s', (one, other, same) => {
  expect(isSameModel(one, other)).toBe(same);
});
