/** The sample ratio check and the realised share. */

import { describe, expect, test } from 'vitest';
import {
  createSampleRatioCheck,
  mergeSampleRatioChecks,
  restoreSampleRatioCheck,
} from '../../src/stats/sample-ratio.ts';
import { createRealisedShare, restoreRealisedShare } from '../../src/stats/realised-share.ts';
import { logGamma } from '../../src/stats/log-gamma.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';

describe('the sample ratio', () => {
  test('equals the Bayes factor of the Dirichlet prior, computed as a product of predictions per call', () => {
    const shares = { openai: 0.7, next: 0.2, other: 0.1 };
    const counts = { openai: 90, next: 55, other: 20 };
    let logValue = 0;
    let total = 0;
    for (const [name, count] of Object.entries(counts)) {
      const share = shares[name as keyof typeof shares];
      for (let seen = 0; seen < count; seen++, total++) {
        logValue += Math.log((1_000 * share + seen) / (1_000 + total) / share);
      }
    }
    const check = createSampleRatioCheck(shares);
    for (const [name, count] of Object.entries(counts)) check.observe(name, count);
    expect(check.evidence).toBeCloseTo(logValue / Math.log(1_000), 9);
  });

  test('raises no alarm over many fair splits when read after every call', () => {
    const alarms = Array.from({ length: 60 }, (_, run) => {
      const random = seededRandom(run);
      const check = createSampleRatioCheck({ openai: 19, next: 1 });
      return Array.from({ length: 5_000 }, () => {
        check.observe(random() < 0.05 ? 'next' : 'openai');
        return check.verdict;
      }).includes('broken');
    });
    expect(alarms.filter(Boolean)).toEqual([]);
  });

  test('alarms when the canary gets 7 % instead of 5 %', () => {
    const random = seededRandom(1);
    const check = createSampleRatioCheck({ openai: 0.95, next: 0.05 });
    for (let index = 0; index < 5_000; index++) check.observe(random() < 0.07 ? 'next' : 'openai');
    expect([check.verdict, check.evidence]).toEqual(['broken', 1]);
  });

  test('is the same for merged counts and for a restored state', () => {
    const [one, other, both] = [1, 2, 3].map(() => createSampleRatioCheck({ a: 1, b: 3 }));
    one!.observe('a', 500);
    other!.observe('b', 900);
    both!.observe('a', 500);
    both!.observe('b', 900);
    const merged = mergeSampleRatioChecks(one!.toJSON(), other!.toJSON());
    expect(merged.evidence).toBe(both!.evidence);
    expect(restoreSampleRatioCheck(both!.toJSON()).evidence).toBe(both!.evidence);
  });

  test('ignores unknown upstreams, and refuses invalid shares', () => {
    const check = createSampleRatioCheck({ a: 1, b: 1 });
    check.observe('c', 10_000);
    expect(check.evidence).toBe(0);
    expect(() => createSampleRatioCheck({ a: 1 })).toThrow(RangeError);
    expect(() => createSampleRatioCheck({ a: 1, b: 0 })).toThrow('shares.b should be above 0, got 0');
  });
});

test.each([
  [0.5, Math.log(Math.sqrt(Math.PI))],
  [1, 0],
  [10, Math.log(362_880)],
  [
    1_000.5,
    Array.from({ length: 1_000 }, (_, k) => Math.log(k + 0.5)).reduce((sum, log) => sum + log, Math.log(Math.PI) / 2),
  ],
])('lnΓ(%d) is %d', (x, expected) => {
  expect(logGamma(x)).toBeCloseTo(expected, 9);
});

describe('the realised share', () => {
  test('starts at the weight, and follows the assigned calls', () => {
    const realised = createRealisedShare(0.1);
    expect(realised.share).toBe(0.1);
    for (let index = 0; index < 4_000; index++) realised.assigned(index % 4 === 0 ? 'canary' : 'stable');
    expect(realised.share).toBeCloseTo(0.25, 2);
  });

  test('changes rarely after many calls, so that tables computed for it last', () => {
    const realised = createRealisedShare(0.1);
    const seen = new Set<number>();
    for (let index = 0; index < 20_000; index++) {
      realised.assigned(index % 10 === 0 ? 'canary' : 'stable');
      if (index > 10_000) seen.add(realised.share);
    }
    expect(seen.size).toBeLessThan(40);
  });

  test('resets at a new weight, and keeps its counts at the same weight', () => {
    const realised = createRealisedShare(0.1);
    for (let index = 0; index < 100; index++) realised.assigned('canary');
    realised.setWeight(0.1);
    expect(realised.share).toBeGreaterThan(0.8);
    realised.setWeight(0.5);
    expect(realised.share).toBe(0.5);
  });

  test('continues after a restore', () => {
    const realised = createRealisedShare(0.3);
    for (let index = 0; index < 777; index++) realised.assigned(index % 3 === 0 ? 'canary' : 'stable');
    const restored = restoreRealisedShare(JSON.parse(JSON.stringify(realised.toJSON())));
    for (const one of [realised, restored]) for (let index = 0; index < 50; index++) one.assigned('canary');
    expect(restored.share).toBe(realised.share);
  });
});
