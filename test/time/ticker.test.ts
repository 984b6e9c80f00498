/** Work at an interval. */

import { expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/index.ts';
import { startTicker } from '../../src/time/ticker.ts';

test('ticks at each interval with its target', async () => {
  const clock = new ManualClock(0);
  const target = {};
  const ticks: [number, boolean][] = [];
  startTicker(clock, 100, target, (given) => ticks.push([clock.now(), given === target]));
  await clock.advance(350);
  expect(ticks).toEqual([
    [100, true],
    [200, true],
    [300, true],
  ]);
});

test('stops when a tick calls stop()', async () => {
  const clock = new ManualClock(0);
  let ticks = 0;
  const ticker = startTicker(clock, 100, {}, () => {
    ticks += 1;
    ticker.stop();
  });
  await clock.advance(1_000);
  expect(ticks).toBe(1);
  expect(clock.pendingTimers).toBe(0);
});

test('keeps ticking after a tick throws', async () => {
  const clock = new ManualClock(0);
  let ticks = 0;
  startTicker(clock, 100, {}, () => {
    ticks += 1;
    throw new Error('Broken tick.');
  });
  await expect(clock.advance(100)).rejects.toThrow('Broken tick.');
  await expect(clock.advance(100)).rejects.toThrow('Broken tick.');
  expect(ticks).toBe(2);
});
