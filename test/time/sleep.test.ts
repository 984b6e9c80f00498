import { APIUserAbortError } from 'openai';
import { expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/manual-clock.ts';
import { sleep } from '../../src/time/wait.ts';
import { CountingSignal } from '../upstream/support/counting-signal.ts';

test('resolves after the given time on the clock', async () => {
  const clock = new ManualClock();
  let awake = false;
  void sleep(clock, 1000).then(() => (awake = true));
  await clock.advance(999);
  expect(awake).toBe(false);
  await clock.advance(1);
  expect(awake).toBe(true);
});

test('resolves a delay of 0 or less without a timer', async () => {
  const clock = new ManualClock();
  await sleep(clock, 0);
  await sleep(clock, -5);
  expect(clock.pendingTimers).toBe(0);
});

test('rejects on abort with the SDK’s error and the reason as its cause', async () => {
  const controller = new AbortController();
  const wait = sleep(new ManualClock(), 1000, controller.signal);
  const reason = new Error('the user left');
  controller.abort(reason);
  const error: unknown = await wait.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(APIUserAbortError);
  expect(error).toHaveProperty('cause', reason);
});

test('rejects a delay of 0 when the signal is already aborted', async () => {
  const wait = sleep(new ManualClock(), 0, AbortSignal.abort());
  await expect(wait).rejects.toBeInstanceOf(APIUserAbortError);
});

test('leaves no timer and no listener after an abort or a timeout', async () => {
  const clock = new ManualClock();
  const signals = [new CountingSignal(), new CountingSignal()] as const;
  const waits = signals.map(({ signal }) => sleep(clock, 1000, signal).catch(() => undefined));
  await clock.advance(500);
  expect(signals.map(({ listeners }) => listeners)).toEqual([1, 1]);
  signals[1].abort();
  await clock.advance(500);
  await Promise.all(waits);
  expect(signals.map(({ listeners }) => listeners)).toEqual([0, 0]);
  expect(clock.pendingTimers).toBe(0);
});

test('cancels its timer on abort', async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const wait = sleep(clock, 1000, controller.signal);
  controller.abort();
  await expect(wait).rejects.toThrow();
  expect(clock.pendingTimers).toBe(0);
});
