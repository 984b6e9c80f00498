/** The share of calls that the canary really gets. */

import { expect, test } from 'vitest';
import { RealisedShare } from '../../src/rollout/realised-share.ts';
import { seededRandom } from '../../src/testing/index.ts';

function dispatch(share: RealisedShare, { stable, canary }: { stable: number; canary: number }): RealisedShare {
  for (let call = 0; call < stable; call++) share.dispatched('stable');
  for (let call = 0; call < canary; call++) share.dispatched('canary');
  return share;
}

test('before the first call it is the intended one', () => {
  expect(new RealisedShare(0.05).share).toBeCloseTo(0.05, 3);
});

test.each([
  { stable: 950, canary: 50, share: 51 / 1_020 },
  { stable: 500, canary: 500, share: 501 / 1_020 },
  { stable: 0, canary: 5, share: 6 / 25 },
])('after $stable and $canary calls it is $share within a hundredth of itself', ({ share, ...calls }) => {
  const realised = dispatch(new RealisedShare(0.05), calls).share;
  expect(Math.abs(realised / share - 1)).toBeLessThan(0.01);
});

test('what was long ago is forgotten', () => {
  const share = dispatch(new RealisedShare(0.5), { stable: 100_000, canary: 0 });
  dispatch(share, { stable: 0, canary: 20_000 });
  expect(share.share).toBeGreaterThan(0.6);
  expect(share.counts.stable + share.counts.canary).toBeLessThan(20_000);
});

test('a new weight starts anew, the same weight goes on', () => {
  const share = dispatch(new RealisedShare(0.05), { stable: 100, canary: 100 });
  share.intend(0.05);
  expect(share.counts).toEqual({ stable: 100, canary: 100 });
  share.intend(0.25);
  expect(share.counts).toEqual({ stable: 0, canary: 0 });
  expect(share.share).toBeCloseTo(0.25, 2);
});

test('it goes on from counts that were kept', () => {
  const kept = dispatch(new RealisedShare(0.05), { stable: 300, canary: 30 });
  expect(new RealisedShare(0.05, kept.counts).share).toBe(kept.share);
});

test('few different shares come of many calls, so that a table for each can be kept', () => {
  const share = new RealisedShare(0.05);
  const random = seededRandom(1);
  const seen = new Set<number>();
  for (let call = 0; call < 50_000; call++) {
    share.dispatched(random() < 0.05 ? 'canary' : 'stable');
    if (call > 5_000) seen.add(share.share);
  }
  expect(seen.size).toBeLessThan(16);
});

test('nothing or everything is no matter of counting', () => {
  expect(dispatch(new RealisedShare(0), { stable: 5, canary: 0 }).share).toBe(0);
  expect(dispatch(new RealisedShare(1), { stable: 0, canary: 5 }).share).toBe(1);
});
