/** Tokens are counted by the application's tokenizer, where it has one. */

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

test('nobody waits for the library: until it is loaded there is none', async () => {
  const tokenizer = createTokenizer();
  expect(tokenizer()).toBeUndefined();
  await vi.waitFor(() => expect(tokenizer()).toBeDefined(), { timeout: 10_000 });
});

test('it is loaded when it is first wanted, and once', async () => {
  const load = vi.fn(() => Promise.resolve({ countTokens: () => 1 }));
  const tokenizer = createTokenizer(load);
  expect(load).not.toHaveBeenCalled();
  for (let time = 0; time < 3; time += 1) tokenizer();
  expect(load).toHaveBeenCalledTimes(1);
});

test.each([
  ['is not installed', () => Promise.reject(new Error('Cannot find package'))],
  ['is something else', () => Promise.resolve({ countTokens: 'no' })],
  ['is nothing', () => Promise.resolve(null)],
])('a library that %s is none', async (_what, load) => {
  const tokenizer = createTokenizer(load);
  tokenizer();
  await new Promise((resolve) => setImmediate(resolve));
  expect(tokenizer()).toBeUndefined();
});

test('it counts as the library does, also what looks like a token of control', async () => {
  const count = await loaded();
  const text = 'The quick brown fox jumps over the lazy dog.';
  expect(count(text)).toBe(countTokens(text));
  expect(count('<|endoftext|> and on')).toBeGreaterThan(3);
});

test('of a long text the beginning is counted', async () => {
  const count = await loaded();
  const text = 'All work and no play makes Jack a dull boy. '.repeat(2_000);
  expect(count(text) / countTokens(text)).toBeCloseTo(1, 2);
});
