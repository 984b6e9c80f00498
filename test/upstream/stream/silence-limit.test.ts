/** When a silent provider times out. */

import { expect, test } from 'vitest';
import { ManualClock } from '../../../src/testing/index.ts';
import { SilenceLimit } from '../../../src/upstream/stream/silence-limit.ts';

function start(limitMs = 1_000) {
  const clock = new ManualClock();
  const timeouts: number[] = [];
  const startMs = clock.now();
  const silence = new SilenceLimit(clock, limitMs, () => timeouts.push(clock.now() - startMs));
  return { clock, silence, timeouts };
}

test('times out once when a read is pending too long', async () => {
  const { clock, silence, timeouts } = start();
  silence.waiting();
  await clock.advance(999);
  expect(timeouts).toEqual([]);
  await clock.advance(60_000);
  expect(timeouts).toEqual([1_000]);
  expect(clock.pendingTimers).toBe(0);
});

test('has neither timeout nor timer without a limit', async () => {
  const { clock, silence, timeouts } = start(Infinity);
  silence.waiting();
  await clock.advance(3_600_000);
  expect([timeouts, clock.pendingTimers]).toEqual([[], 0]);
});

test('applies a lower limit to a read that is pending, and a higher one from then on', async () => {
  const { clock, silence, timeouts } = start(Infinity);
  silence.waiting();
  await clock.advance(5_000);
  silence.allow(1_000);
  await clock.advance(999);
  silence.allow(3_000);
  await clock.advance(2_000);
  expect(timeouts).toEqual([]);
  await clock.advance(1);
  expect(timeouts).toEqual([8_000]);
});

test('has no timer left after the limit was removed', async () => {
  const { clock, silence, timeouts } = start();
  silence.waiting();
  silence.allow(Infinity);
  await clock.advance(3_600_000);
  expect([timeouts, clock.pendingTimers]).toEqual([[], 0]);
});

test('starts over with bytes that do not answer the pending read', async () => {
  const { clock, silence, timeouts } = start();
  silence.waiting();
  for (let comment = 0; comment < 10; comment++) {
    await clock.advance(900);
    silence.alive();
  }
  expect(timeouts).toEqual([]);
  await clock.advance(1_000);
  expect(timeouts).toEqual([10_000]);
});

test('starts over with every chunk', async () => {
  const { clock, silence, timeouts } = start();
  for (let chunk = 0; chunk < 10; chunk++) {
    silence.waiting();
    await clock.advance(900);
    silence.received();
  }
  expect(timeouts).toEqual([]);
  silence.waiting();
  await clock.advance(1_000);
  expect(timeouts).toEqual([10_000]);
});

test('has one timer for many chunks', () => {
  const { clock, silence } = start();
  for (let chunk = 0; chunk < 1_000; chunk++) {
    silence.waiting();
    silence.received();
  }
  expect(clock.pendingTimers).toBe(1);
});

test('does not time out between reads, and leaves no timer behind', async () => {
  const { clock, silence, timeouts } = start();
  silence.waiting();
  silence.received();
  await clock.advance(3_600_000);
  expect(timeouts).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
  silence.waiting();
  await clock.advance(1_000);
  expect(timeouts).toEqual([3_601_000]);
});

test('does not time out for a chunk that arrived while the process was blocked', async () => {
  const { clock, silence, timeouts } = start();
  silence.waiting();
  clock.jump(60_000);
  // Late timers fire first, then the data that arrived is read.
  clock.setTimeout(() => {
    silence.received();
    silence.waiting();
  }, 0);
  await clock.advance(999);
  expect(timeouts).toEqual([]);
  await clock.advance(1);
  expect(timeouts).toEqual([61_000]);
});

test('times out after a block if no chunk arrived, once there was time to read one', async () => {
  const { clock, silence, timeouts } = start();
  silence.waiting();
  clock.jump(60_000);
  await clock.advance(999);
  expect(timeouts).toEqual([]);
  await clock.advance(1);
  expect(timeouts).toEqual([61_000]);
});

test('has no timer and no timeout after stop()', async () => {
  const { clock, silence, timeouts } = start();
  silence.waiting();
  silence.stop();
  expect(clock.pendingTimers).toBe(0);
  silence.waiting();
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(60_000);
  expect(timeouts).toEqual([]);
});
