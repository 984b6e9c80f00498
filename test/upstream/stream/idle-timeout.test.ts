/** When a silent provider times out. */

import { expect, test } from 'vitest';
import { ManualClock } from '../../../src/testing/index.ts';
import { IdleTimeout } from '../../../src/upstream/stream/idle-timeout.ts';

function start({ begun = true } = {}) {
  const clock = new ManualClock();
  const timeouts: number[] = [];
  const startMs = clock.now();
  const idle = new IdleTimeout(clock, 1_000, () => timeouts.push(clock.now() - startMs));
  if (begun) idle.begin();
  return { clock, idle, timeouts };
}

test('times out once when a read is pending too long', async () => {
  const { clock, idle, timeouts } = start();
  idle.waiting();
  await clock.advance(999);
  expect(timeouts).toEqual([]);
  await clock.advance(60_000);
  expect(timeouts).toEqual([1_000]);
  expect(clock.pendingTimers).toBe(0);
});

test('does not count silence before the first content', async () => {
  const { clock, idle, timeouts } = start({ begun: false });
  idle.waiting();
  await clock.advance(60_000);
  expect(timeouts).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test('starts over with every chunk', async () => {
  const { clock, idle, timeouts } = start();
  for (let chunk = 0; chunk < 10; chunk++) {
    idle.waiting();
    await clock.advance(900);
    idle.received();
  }
  expect(timeouts).toEqual([]);
  idle.waiting();
  await clock.advance(1_000);
  expect(timeouts).toEqual([10_000]);
});

test('has one timer for many chunks', () => {
  const { clock, idle } = start();
  for (let chunk = 0; chunk < 1_000; chunk++) {
    idle.waiting();
    idle.received();
  }
  expect(clock.pendingTimers).toBe(1);
});

test('does not time out between reads, and leaves no timer behind', async () => {
  const { clock, idle, timeouts } = start();
  idle.waiting();
  idle.received();
  await clock.advance(3_600_000);
  expect(timeouts).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
  idle.waiting();
  await clock.advance(1_000);
  expect(timeouts).toEqual([3_601_000]);
});

test('does not time out for a chunk that arrived while the process was blocked', async () => {
  const { clock, idle, timeouts } = start();
  idle.waiting();
  clock.jump(60_000);
  // Late timers fire first, then the data that arrived is read.
  clock.setTimeout(() => {
    idle.received();
    idle.waiting();
  }, 0);
  await clock.advance(999);
  expect(timeouts).toEqual([]);
  await clock.advance(1);
  expect(timeouts).toEqual([61_000]);
});

test('times out after a block if no chunk arrived, once there was time to read one', async () => {
  const { clock, idle, timeouts } = start();
  idle.waiting();
  clock.jump(60_000);
  await clock.advance(999);
  expect(timeouts).toEqual([]);
  await clock.advance(1);
  expect(timeouts).toEqual([61_000]);
});

test('has no timer and no timeout after stop()', async () => {
  const { clock, idle, timeouts } = start();
  idle.waiting();
  idle.stop();
  expect(clock.pendingTimers).toBe(0);
  idle.waiting();
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(60_000);
  expect(timeouts).toEqual([]);
});
