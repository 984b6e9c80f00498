/** Counting tokens by `gpt-tokenizer`, if the application has installed it. */

import { countTokens } from 'gpt-tokenizer';
import { expect, test, vi } from 'vitest';
import { createTokenizer } from '../../src/pricing/load-tokenizer.ts';

/** A tokenizer that has been loaded. */
async function loaded(load?: () => Promise<unknown>) {
  const tokenizer = createTokenizer(load);
  tokenizer();
  await vi.waitFor(() => expect(tokenizer()).toBeDefined(), { timeout: 10_000 });
  return tokenizer() ?? (() => Number.NaN);
}

test('gives undefined until the library is loaded', async () => {
  const tokenizer = createTokenizer();
  expect(tokenizer()).toBeUndefined();
  await vi.waitFor(() => expect(tokenizer()).toBeDefined(), { timeout: 10_000 });
});

test('loads the library once, at the first call', async () => {
  const load = vi.fn(() => Promise.resolve({ countTokens: () => 1 }));
  const tokenizer = createTokenizer(load);
  expect(load).not.toHaveBeenCalled();
  for (let time = 0; time < 3; time += 1) tokenizer();
  expect(load).toHaveBeenCalledTimes(1);
});

test.each([
  ['is not installed', () => Promise.reject(new Error('Cannot find package'))],
  ['has no countTokens function', () => Promise.resolve({ countTokens: 'no' })],
  ['is null', () => Promise.resolve(null)],
])('gives undefined if the library %s', async (_what, load) => {
  const tokenizer = createTokenizer(load);
  tokenizer();
  await new Promise((resolve) => setImmediate(resolve));
  expect(tokenizer()).toBeUndefined();
});

test('counts as the library does, and accepts text that looks like a control token', async () => {
  const count = await loaded();
  const text = 'The quick brown fox jumps over the lazy dog.';
  expect(count(text)).toBe(countTokens(text));
  expect(count('<|endoftext|> and on')).toBeGreaterThan(3);
});

test('extrapolates a long text from its beginning', async () => {
  const count = await loaded();
  const text = 'All work and no play makes Jack a dull boy. '.repeat(2_000);
  expect(count(text) / countTokens(text)).toBeCloseTo(1, 2);
});
