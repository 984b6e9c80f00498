/** Timers that let data that has already arrived be read before they fire. */

import { expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/index.ts';
import { patientTimer } from '../../src/time/patient-timer.ts';

function start(delayMs: number): {
  readonly clock: ManualClock;
  readonly called: number[];
  readonly cancel: () => void;
} {
  const clock = new ManualClock(0);
  const called: number[] = [];
  const timer = patientTimer(clock, delayMs, () => called.push(clock.now()));
  return { clock, called, cancel: () => timer.cancel() };
}

test('a timer that fires on time calls back on time', async () => {
  const { clock, called } = start(100);
  await clock.advance(99);
  expect(called).toEqual([]);
  await clock.advance(1);
  expect(called).toEqual([100]);
});

test.for([
  [300, 500],
  [100_000, 101_000],
])('a timer that fires at %i ms instead of 100 calls back at %i', async ([firesAtMs, callsAtMs]) => {
  const { clock, called } = start(100);
  clock.jump(firesAtMs ?? 0);
  await clock.advance(0);
  expect(called).toEqual([]);
  await clock.advance(2_000);
  expect(called).toEqual([callsAtMs]);
});

test('a timer cancelled before or after it fires does not call back', async () => {
  const early = start(100);
  early.cancel();
  const late = start(100);
  late.clock.jump(200);
  await late.clock.advance(0);
  late.cancel();
  await early.clock.advance(1_000);
  await late.clock.advance(1_000);
  expect([early.called, late.called]).toEqual([[], []]);
  expect(late.clock.pendingTimers).toBe(0);
});
