import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Price, Usage } from '../../src/domain/usage.ts';
import { ratesOf, ratesUsd } from '../../src/pricing/rates.ts';

const usage: Usage = { inputTokens: 1_000, outputTokens: 100, cachedInputTokens: 0, reasoningTokens: 0 };
const price: Price = { inputPerMTok: 2, outputPerMTok: 8 };

function microUsd(of: Partial<Usage>, at: Partial<Price>): number {
  return (ratesUsd(ratesOf({ ...price, ...at }), { ...usage, ...of }) ?? NaN) * 1e6;
}

test.each([
  ['cache writes', { cacheWriteTokens: 400 }, { cacheWritePerMTok: 2.5 }, 600 * 2 + 400 * 2.5 + 800],
  ['audio input', { audioInputTokens: 400 }, { audioInputPerMTok: 10 }, 600 * 2 + 400 * 10 + 800],
  ['audio output', { audioOutputTokens: 40 }, { audioOutputPerMTok: 20 }, 2_000 + 60 * 8 + 40 * 20],
  [
    'all kinds together',
    {
      cachedInputTokens: 300,
      cacheWriteTokens: 200,
      audioInputTokens: 100,
      audioOutputTokens: 50,
      reasoningTokens: 20,
    },
    { cachedInputPerMTok: 0.5, cacheWritePerMTok: 3, audioInputPerMTok: 10, audioOutputPerMTok: 20 },
    400 * 2 + 300 * 0.5 + 200 * 3 + 100 * 10 + 50 * 8 + 50 * 20,
  ],
])('%s: priced at their own rates, or at the rate of the whole', (_what, of, at, expected) => {
  expect(microUsd(of, at)).toBeCloseTo(expected, 9);
  expect(microUsd(of, {})).toBeCloseTo(2_800, 9);
});

test('cached tokens count as text first, and then as audio', () => {
  const of = { cachedInputTokens: 950, audioInputTokens: 100 };
  expect(microUsd(of, { cachedInputPerMTok: 1, audioInputPerMTok: 10 })).toBeCloseTo(900 + 50 * 10 + 50 + 800, 9);
});

test('the cost of any parts lies between all tokens at the lowest rate and all tokens at the highest', () => {
  const part = fc.nat(3_000);
  const parts = fc.record({
    cachedInputTokens: part,
    cacheWriteTokens: part,
    audioInputTokens: part,
    audioOutputTokens: part,
    reasoningTokens: part,
  });
  const at = { cachedInputPerMTok: 1, cacheWritePerMTok: 5, audioInputPerMTok: 9, audioOutputPerMTok: 9 };
  fc.assert(
    fc.property(parts, (of) => {
      expect(microUsd(of, at)).toBeGreaterThanOrEqual(1_000 * 1 + 100 * 8 - 1e-6);
      expect(microUsd(of, at)).toBeLessThanOrEqual(1_100 * 9 + 1e-6);
    }),
  );
});
