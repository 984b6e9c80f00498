import { expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/index.ts';

test('time stands still until it is advanced', async () => {
  const clock = new ManualClock(1_000);
  expect(clock.now()).toBe(1_000);
  await clock.advance(250);
  expect(clock.now()).toBe(1_250);
});

test('starts at a fixed date by default', () => {
  expect(new Date(new ManualClock().now()).toISOString()).toBe('2026-01-01T00:00:00.000Z');
});

test('fires timers in the order of their times, each at its own time', async () => {
  const clock = new ManualClock(0);
  const fired: [string, number][] = [];
  const start = (name: string, delayMs: number) => clock.setTimeout(() => fired.push([name, clock.now()]), delayMs);
  start('late', 30);
  start('early', 10);
  start('also early', 10);
  await clock.advance(30);
  expect(fired).toEqual([
    ['early', 10],
    ['also early', 10],
    ['late', 30],
  ]);
});

test('does not fire a timer before its time', async () => {
  const clock = new ManualClock(0);
  let fired = false;
  clock.setTimeout(() => (fired = true), 10);
  await clock.advance(9);
  expect(fired).toBe(false);
  await clock.advance(1);
  expect(fired).toBe(true);
});

test('fires a timer once', async () => {
  const clock = new ManualClock(0);
  let count = 0;
  clock.setTimeout(() => count++, 10);
  await clock.advance(100);
  expect(count).toBe(1);
});

test('fires a timer that another timer starts within the same advance', async () => {
  const clock = new ManualClock(0);
  const firedAt: number[] = [];
  const tick = () => {
    firedAt.push(clock.now());
    clock.setTimeout(tick, 10);
  };
  clock.setTimeout(tick, 10);
  await clock.advance(35);
  expect(firedAt).toEqual([10, 20, 30]);
  expect(clock.now()).toBe(35);
});

test('lets promises settle between timers, so that a timer started after a chain of promises fires as well', async () => {
  const clock = new ManualClock(0);
  const sleep = (ms: number) => new Promise<void>((resolve) => void clock.setTimeout(resolve, ms));
  const walk = async () => {
    await sleep(10);
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    await sleep(10);
    return clock.now();
  };
  const walked = walk();
  await clock.advance(1_000);
  expect(await walked).toBe(20);
});

test('lets promises settle before the first timer', async () => {
  const clock = new ManualClock(0);
  let firedAt: number | undefined;
  void Promise.resolve().then(() => clock.setTimeout(() => (firedAt = clock.now()), 5));
  await clock.advance(10);
  expect(firedAt).toBe(5);
});

test('a cancelled timer never fires and is no longer pending', async () => {
  const clock = new ManualClock(0);
  let fired = false;
  const timer = clock.setTimeout(() => (fired = true), 10);
  timer.cancel();
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(20);
  expect(fired).toBe(false);
});

test('cancelling a fired timer does not cancel another one', async () => {
  const clock = new ManualClock(0);
  const timer = clock.setTimeout(() => undefined, 10);
  await clock.advance(10);
  clock.setTimeout(() => undefined, 10);
  timer.cancel();
  expect(clock.pendingTimers).toBe(1);
});

test('a jump moves the time without firing timers; due timers fire late, in the next advance', async () => {
  const clock = new ManualClock(0);
  let firedAt: number | undefined;
  clock.setTimeout(() => (firedAt = clock.now()), 10);
  clock.jump(1_000);
  expect(clock.now()).toBe(1_000);
  expect(firedAt).toBeUndefined();
  await clock.advance(0);
  expect(firedAt).toBe(1_000);
});

test('time never goes backwards', () => {
  const clock = new ManualClock();
  expect(() => clock.jump(-1)).toThrow(RangeError);
  expect(() => clock.advance(-1)).toThrow(RangeError);
  expect(() => clock.advance(Number.NaN)).toThrow(RangeError);
});

test('adds up overlapping advances', async () => {
  const clock = new ManualClock(0);
  await Promise.all([clock.advance(10), clock.advance(20)]);
  expect(clock.now()).toBe(30);
});

test('an error in a timer rejects the advance; later advances continue', async () => {
  const clock = new ManualClock(0);
  clock.setTimeout(() => {
    throw new Error('in a timer');
  }, 10);
  await expect(clock.advance(20)).rejects.toThrow('in a timer');
  await clock.advance(5);
  expect(clock.now()).toBe(15);
});
