/** When a provider counts as silent. */

import { expect, test } from 'vitest';
import { ManualClock } from '../../../src/testing/index.ts';
import { IdleTimeout } from '../../../src/upstream/stream/idle-timeout.ts';

function start({ begun = true } = {}) {
  const clock = new ManualClock();
  const told: number[] = [];
  const startMs = clock.now();
  const idle = new IdleTimeout(clock, 1_000, () => told.push(clock.now() - startMs));
  if (begun) idle.begin();
  return { clock, idle, told };
}

test('a chunk that is waited for too long is told once', async () => {
  const { clock, idle, told } = start();
  idle.waiting();
  await clock.advance(999);
  expect(told).toEqual([]);
  await clock.advance(60_000);
  expect(told).toEqual([1_000]);
  expect(clock.pendingTimers).toBe(0);
});

test('silence before the watch begins is not counted', async () => {
  const { clock, idle, told } = start({ begun: false });
  idle.waiting();
  await clock.advance(60_000);
  expect(told).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('every chunk begins the time anew', async () => {
  const { clock, idle, told } = start();
  for (let chunk = 0; chunk < 10; chunk++) {
    idle.waiting();
    await clock.advance(900);
    idle.received();
  }
  expect(told).toEqual([]);
  idle.waiting();
  await clock.advance(1_000);
  expect(told).toEqual([10_000]);
});

test('a stream of many chunks has one timer', () => {
  const { clock, idle } = start();
  for (let chunk = 0; chunk < 1_000; chunk++) {
    idle.waiting();
    idle.received();
  }
  expect(clock.pendingTimers).toBe(1);
});

test('a reader that does not ask leaves the provider time without end, and no timer behind', async () => {
  const { clock, idle, told } = start();
  idle.waiting();
  idle.received();
  await clock.advance(3_600_000);
  expect(told).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
  idle.waiting();
  await clock.advance(1_000);
  expect(told).toEqual([3_601_000]);
});

test('a chunk that has arrived while the process was blocked is read before the watch decides', async () => {
  const { clock, idle, told } = start();
  idle.waiting();
  clock.jump(60_000);
  // Late timers fire first, then what has arrived is read.
  clock.setTimeout(() => {
    idle.received();
    idle.waiting();
  }, 0);
  await clock.advance(999);
  expect(told).toEqual([]);
  await clock.advance(1);
  expect(told).toEqual([61_000]);
});

test('a chunk that has not arrived while the process was blocked is told, once there was time to read it', async () => {
  const { clock, idle, told } = start();
  idle.waiting();
  clock.jump(60_000);
  await clock.advance(999);
  expect(told).toEqual([]);
  await clock.advance(1);
  expect(told).toEqual([61_000]);
});

test('after stop() nothing is told, no timer is left, and none begins', async () => {
  const { clock, idle, told } = start();
  idle.waiting();
  idle.stop();
  expect(clock.pendingTimers).toBe(0);
  idle.waiting();
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(60_000);
  expect(told).toEqual([]);
});
