import { APIUserAbortError } from 'openai';
import { expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/manual-clock.ts';
import { sleep } from '../../src/time/wait.ts';
import { CountingSignal } from '../upstream/support/counting-signal.ts';

test('sleeping takes the given time by the clock', async () => {
  const clock = new ManualClock();
  let awake = false;
  void sleep(clock, 1000).then(() => (awake = true));
  await clock.advance(999);
  expect(awake).toBe(false);
  await clock.advance(1);
  expect(awake).toBe(true);
});

test('no time at all starts no timer', async () => {
  const clock = new ManualClock();
  await sleep(clock, 0);
  await sleep(clock, -5);
  expect(clock.pendingTimers).toBe(0);
});

test('an abort ends the wait at once with the SDK’s own error, and the reason as its cause', async () => {
  const controller = new AbortController();
  const wait = sleep(new ManualClock(), 1000, controller.signal);
  const reason = new Error('the user left');
  controller.abort(reason);
  const error: unknown = await wait.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(APIUserAbortError);
  expect(error).toHaveProperty('cause', reason);
});

test('a signal that is aborted already ends even a wait of no time', async () => {
  const wait = sleep(new ManualClock(), 0, AbortSignal.abort());
  await expect(wait).rejects.toBeInstanceOf(APIUserAbortError);
});

test('neither a timer nor a listener is left behind, however the wait ends', async () => {
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

test('an aborted wait cancels its timer', async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const wait = sleep(clock, 1000, controller.signal);
  controller.abort();
  await expect(wait).rejects.toThrow();
  expect(clock.pendingTimers).toBe(0);
});
