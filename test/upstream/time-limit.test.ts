/** What ends an attempt in time. */

import { APIConnectionTimeoutError } from 'openai';
import { expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/index.ts';
import { DeadlineError } from '../../src/upstream/errors.ts';
import { startTimeLimit, type TimeLimitOptions } from '../../src/upstream/time-limit.ts';
import { CountingSignal } from './support/counting-signal.ts';

function start(options: Partial<TimeLimitOptions> = {}) {
  const clock = new ManualClock();
  const usual = { clock, signal: undefined, timeoutMs: undefined, remainingMs: 1_000, deadlineMs: 5_000 };
  return { clock, limit: startTimeLimit({ ...usual, ...options }) };
}

test('at the deadline the attempt is aborted by a DeadlineError that names the whole budget', async () => {
  const { clock, limit } = start();
  await clock.advance(999);
  expect(limit.signal.aborted).toBe(false);
  expect(limit.expired()).toBeUndefined();
  await clock.advance(1);
  expect(limit.signal.aborted).toBe(true);
  expect(limit.expired()).toBeInstanceOf(DeadlineError);
  expect(limit.expired()).toMatchObject({ deadlineMs: 5_000 });
});

test('a time-out shorter than the rest of the call is the SDK’s time-out error', async () => {
  const { clock, limit } = start({ timeoutMs: 300 });
  await clock.advance(300);
  expect(limit.expired()).toBeInstanceOf(APIConnectionTimeoutError);
});

test('a time-out longer than the rest of the call leaves the deadline to end it', async () => {
  const { clock, limit } = start({ timeoutMs: 3_000 });
  await clock.advance(1_000);
  expect(limit.expired()).toBeInstanceOf(DeadlineError);
});

test('a call whose time is up ends at once', async () => {
  const { clock, limit } = start({ remainingMs: -5 });
  await clock.advance(0);
  expect(limit.expired()).toBeInstanceOf(DeadlineError);
});

test('the caller’s abort is passed on with its reason, and is no expiry', () => {
  const caller = new AbortController();
  const { limit } = start({ signal: caller.signal });
  const reason = new Error('Enough.');
  caller.abort(reason);
  expect(limit.signal.aborted).toBe(true);
  expect(limit.signal.reason).toBe(reason);
  expect(limit.expired()).toBeUndefined();
});

test('a caller that had aborted before aborts at once', () => {
  const { limit } = start({ signal: AbortSignal.abort() });
  expect(limit.signal.aborted).toBe(true);
  expect(limit.expired()).toBeUndefined();
});

test('stopTimer() ends the time, not the caller’s say', async () => {
  const caller = new AbortController();
  const { clock, limit } = start({ signal: caller.signal });
  limit.stopTimer();
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(10_000);
  expect(limit.signal.aborted).toBe(false);
  caller.abort();
  expect(limit.signal.aborted).toBe(true);
});

test('release() leaves no timer and no listener', () => {
  const counting = new CountingSignal();
  const { clock, limit } = start({ signal: counting.signal });
  expect(counting.listeners).toBe(1);
  limit.release();
  expect([clock.pendingTimers, counting.listeners]).toEqual([0, 0]);
});
