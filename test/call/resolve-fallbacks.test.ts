import { expect, test } from 'vitest';
import type { FallbackOptions } from '../../src/index.ts';
import { resolveFallbacks } from '../../src/call/fallbacks.ts';
import { refusalOf } from '../support/message-of.ts';

test('accepts a list, or lists by failure kind', () => {
  const fallbacksOf = (fallbacks: FallbackOptions) => resolveFallbacks(fallbacks, ['openai', 'gemini']);
  expect(fallbacksOf([])).toEqual({ default: [], byKind: {}, also: [] });
  expect(fallbacksOf(['openai'])).toEqual({ default: ['openai'], byKind: {}, also: [] });
  expect(fallbacksOf({ contextLength: ['openai'] })).toEqual({
    default: undefined,
    byKind: { contextLength: ['openai'] },
    also: [],
  });
  expect(fallbacksOf({ default: [], quota: ['openai'] })).toEqual({
    default: [],
    byKind: { quota: ['openai'] },
    also: [],
  });
});

test('rejects an upstream that is named twice', () => {
  expect(refusalOf({ fallbacks: ['gemini', 'openai', 'gemini'] })).toBe(
    'canary.fallbacks should name each upstream once, got gemini twice',
  );
});
