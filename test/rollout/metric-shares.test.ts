/** The canary's share of the values of a metric. */

import { expect, test } from 'vitest';
import { MetricShares } from '../../src/rollout/metric-shares.ts';

/** Samples of both sides in turn; `has` says whether a sample has a value. Returns the last share. */
function observe(has: (arm: 'stable' | 'canary', index: number) => boolean, samples = 2_000): number {
  const shares = new MetricShares(['costPerCall']);
  let last = 0;
  for (let index = 0; index < samples; index += 1) {
    for (const arm of ['stable', 'canary'] as const) {
      shares.ended(arm);
      if (has(arm, index)) last = shares.next('costPerCall', arm, 0.5);
    }
  }
  return last;
}

test('is the share of calls if every sample has a value', () => {
  expect(observe(() => true)).toBe(0.5);
});

test('is smaller if the canary has values less often', () => {
  expect(observe((arm, index) => arm === 'stable' || index % 3 === 0)).toBeCloseTo(0.25, 1);
});

test('is 0, so that no value is evidence, while a side has none', () => {
  expect(observe((arm) => arm === 'stable')).toBe(0);
  const shares = new MetricShares(['costPerCall']);
  for (let index = 0; index < 5; index += 1) shares.ended('canary');
  expect(shares.missing('costPerCall')).toEqual(['canary']);
});

test('continues from a stored state', () => {
  const shares = new MetricShares(['quality']);
  for (let index = 0; index < 40; index += 1) {
    for (const arm of ['stable', 'canary'] as const) shares.ended(arm);
    shares.next('quality', 'stable', 0.5);
    if (index % 2 === 0) shares.next('quality', 'canary', 0.5);
  }
  const again = new MetricShares(['quality']);
  again.restore(JSON.parse(JSON.stringify(shares.toJSON())));
  expect(again.toJSON()).toEqual(shares.toJSON());
  expect(again.next('quality', 'stable', 0.5)).toBeCloseTo(1 / 3, 1);
});
