/** The time limit of an attempt. */

import { APIConnectionTimeoutError, APIUserAbortError } from 'openai';
import { expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/index.ts';
import { DeadlineError, UpstreamTimeoutError } from '../../src/domain/errors.ts';
import { startTimeLimit, type TimeLimit, type TimeLimitOptions } from '../../src/resilience/time-limit.ts';
import { CountingSignal } from '../upstream/support/counting-signal.ts';

function start(options: Partial<TimeLimitOptions> = {}) {
  const clock = new ManualClock();
  const usual = { clock, signal: undefined, attempt: undefined, remainingMs: 1_000, deadlineMs: 5_000 };
  return { clock, limit: startTimeLimit({ ...usual, ...options }) };
}

const SHORT = { phase: 'firstChunk', budgetMs: 300 } as const;

test('at the deadline the attempt is aborted with a DeadlineError that has the whole deadline', async () => {
  const { clock, limit } = start();
  await clock.advance(999);
  expect(limit.signal.aborted).toBe(false);
  expect(limit.expired()).toBeUndefined();
  await clock.advance(1);
  expect(limit.signal.aborted).toBe(true);
  expect(limit.expired()).toBeInstanceOf(DeadlineError);
  expect(limit.expired()).toMatchObject({ deadlineMs: 5_000 });
});

test('a time-out before the deadline is the SDK’s time-out error with its phase', async () => {
  const { clock, limit } = start({ attempt: SHORT });
  await clock.advance(300);
  expect(limit.expired()).toBeInstanceOf(UpstreamTimeoutError);
  expect(limit.expired()).toBeInstanceOf(APIConnectionTimeoutError);
  expect(limit.expired()).toMatchObject({ phase: 'firstChunk', budgetMs: 300, code: 'UPSTREAM_TIMEOUT' });
});

test('a time-out after the deadline leaves it to the deadline to end the attempt', async () => {
  const { clock, limit } = start({ attempt: { phase: 'headers', budgetMs: 3_000 } });
  await clock.advance(1_000);
  expect(limit.expired()).toBeInstanceOf(DeadlineError);
});

test('a call without time left ends at once', async () => {
  const { clock, limit } = start({ remainingMs: -5 });
  await clock.advance(0);
  expect(limit.expired()).toBeInstanceOf(DeadlineError);
});

test('expires one turn after its timer fires, so that data that has arrived is read first', async () => {
  const { clock, limit } = start({ attempt: SHORT });
  clock.jump(10_000);
  let expiredAtOnce: boolean | undefined;
  // Due at the same time, after the first of the two timers and before the second.
  clock.setTimeout(() => {
    expiredAtOnce = limit.expired() !== undefined;
    limit.stopTimer();
  }, 0);
  await clock.advance(10_000);
  expect(expiredAtOnce).toBe(false);
  expect(limit.signal.aborted).toBe(false);
});

test('passes on the caller’s abort with its reason, without an expiry', () => {
  const caller = new AbortController();
  const { limit } = start({ signal: caller.signal });
  const reason = new Error('Enough.');
  caller.abort(reason);
  expect(limit.signal.aborted).toBe(true);
  expect(limit.signal.reason).toBe(reason);
  expect(limit.expired()).toBeUndefined();
});

test('aborts at once when the caller has already aborted', () => {
  const { limit } = start({ signal: AbortSignal.abort() });
  expect(limit.signal.aborted).toBe(true);
  expect(limit.expired()).toBeUndefined();
});

test('abort() ends the attempt like an abort by the caller', () => {
  const { limit } = start();
  limit.abort();
  expect(limit.signal.aborted).toBe(true);
  expect(limit.expired()).toBeInstanceOf(APIUserAbortError);
});

test('aborts a request through its controller', async () => {
  const { clock, limit } = start({ attempt: SHORT });
  const request = new AbortController();
  limit.controlledBy(request);
  await clock.advance(299);
  expect(request.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(request.signal.aborted).toBe(true);
});

test('aborts a request at once that is sent after the limit has expired', async () => {
  const { clock, limit } = start({ attempt: SHORT });
  await clock.advance(300);
  const request = new AbortController();
  limit.controlledBy(request);
  expect(request.signal.aborted).toBe(true);
});

test('stopTimer() stops the time-out; the caller can still abort', async () => {
  const caller = new AbortController();
  const { clock, limit } = start({ signal: caller.signal });
  limit.stopTimer();
  expect(clock.pendingTimers).toBe(0);
  await clock.advance(10_000);
  expect(limit.signal.aborted).toBe(false);
  caller.abort();
  expect(limit.signal.aborted).toBe(true);
});

test('stopTimer() keeps a deadline that holds', async () => {
  const { clock, limit } = start({ attempt: SHORT, deadlineHolds: true });
  await clock.advance(200);
  limit.stopTimer();
  await clock.advance(799);
  expect(limit.expired()).toBeUndefined();
  await clock.advance(1);
  expect(limit.expired()).toBeInstanceOf(DeadlineError);
});

test('restartTimer() restarts the time-out of the attempt, not the deadline', async () => {
  const { clock, limit } = start({ attempt: SHORT });
  limit.stopTimer();
  await clock.advance(5_000);
  limit.restartTimer();
  await clock.advance(299);
  expect(limit.expired()).toBeUndefined();
  await clock.advance(1);
  expect(limit.expired()).toBeInstanceOf(UpstreamTimeoutError);
});

test('restartTimer() starts no timer without a time-out of the attempt', async () => {
  const { clock, limit } = start();
  limit.stopTimer();
  limit.restartTimer();
  expect(clock.pendingTimers).toBe(0);
});

test('a limit expires once', async () => {
  const { clock, limit } = start({ attempt: SHORT, deadlineHolds: true });
  await clock.advance(300);
  const expired = limit.expired();
  limit.stopTimer();
  await clock.advance(10_000);
  expect(limit.expired()).toBe(expired);
});

test.each([
  ['stopTimer', (limit: TimeLimit) => limit.stopTimer()],
  ['restartTimer', (limit: TimeLimit) => limit.restartTimer()],
])('release() leaves no timer and no listener, and a later %s() starts no timer', (_name, act) => {
  const counting = new CountingSignal();
  const { clock, limit } = start({ signal: counting.signal, attempt: SHORT, deadlineHolds: true });
  expect([limit.signal.aborted, counting.listeners]).toEqual([false, 1]);
  limit.release();
  expect([clock.pendingTimers, counting.listeners]).toEqual([0, 0]);
  act(limit);
  expect(clock.pendingTimers).toBe(0);
});
