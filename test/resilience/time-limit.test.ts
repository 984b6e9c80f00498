/** What ends an attempt in time. */

import { APIConnectionTimeoutError, APIUserAbortError } from 'openai';
import { expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/index.ts';
import { DeadlineError, UpstreamTimeoutError } from '../../src/domain/errors.ts';
import { startTimeLimit, type TimeLimitOptions } from '../../src/resilience/time-limit.ts';
import { CountingSignal } from '../upstream/support/counting-signal.ts';

function start(options: Partial<TimeLimitOptions> = {}) {
  const clock = new ManualClock();
  const usual = { clock, signal: undefined, attempt: undefined, remainingMs: 1_000, deadlineMs: 5_000 };
  return { clock, limit: startTimeLimit({ ...usual, ...options }) };
}

const SHORT = { phase: 'firstChunk', budgetMs: 300 } as const;

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

test('a time-out shorter than the rest of the call is the SDK’s time-out error, and names its phase', async () => {
  const { clock, limit } = start({ attempt: SHORT });
  await clock.advance(300);
  expect(limit.expired()).toBeInstanceOf(UpstreamTimeoutError);
  expect(limit.expired()).toBeInstanceOf(APIConnectionTimeoutError);
  expect(limit.expired()).toMatchObject({ phase: 'firstChunk', budgetMs: 300, code: 'UPSTREAM_TIMEOUT' });
});

test('a time-out longer than the rest of the call leaves the deadline to end it', async () => {
  const { clock, limit } = start({ attempt: { phase: 'headers', budgetMs: 3_000 } });
  await clock.advance(1_000);
  expect(limit.expired()).toBeInstanceOf(DeadlineError);
});

test('a call whose time is up ends at once', async () => {
  const { clock, limit } = start({ remainingMs: -5 });
  await clock.advance(0);
  expect(limit.expired()).toBeInstanceOf(DeadlineError);
});

test('a timer that fires expires one turn later: what has arrived by then is read first', async () => {
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

test('abort() ends the attempt as an abort by the caller would', () => {
  const { limit } = start();
  limit.abort();
  expect(limit.signal.aborted).toBe(true);
  expect(limit.expired()).toBeInstanceOf(APIUserAbortError);
});

test('a request that shows its controller is ended by it', async () => {
  const { clock, limit } = start({ attempt: SHORT });
  const request = new AbortController();
  limit.controlledBy(request);
  await clock.advance(299);
  expect(request.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(request.signal.aborted).toBe(true);
});

test('a request that leaves when its time is up is ended at once', async () => {
  const { clock, limit } = start({ attempt: SHORT });
  await clock.advance(300);
  const request = new AbortController();
  limit.controlledBy(request);
  expect(request.signal.aborted).toBe(true);
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

test('stopTimer() leaves a deadline that holds', async () => {
  const { clock, limit } = start({ attempt: SHORT, deadlineHolds: true });
  await clock.advance(200);
  limit.stopTimer();
  await clock.advance(799);
  expect(limit.expired()).toBeUndefined();
  await clock.advance(1);
  expect(limit.expired()).toBeInstanceOf(DeadlineError);
});

test('restartTimer() gives the attempt its whole time again, and the deadline none', async () => {
  const { clock, limit } = start({ attempt: SHORT });
  limit.stopTimer();
  await clock.advance(5_000);
  limit.restartTimer();
  await clock.advance(299);
  expect(limit.expired()).toBeUndefined();
  await clock.advance(1);
  expect(limit.expired()).toBeInstanceOf(UpstreamTimeoutError);
});

test('restartTimer() without a time-out of the attempt begins none', async () => {
  const { clock, limit } = start();
  limit.stopTimer();
  limit.restartTimer();
  expect(clock.pendingTimers).toBe(0);
});

test('a limit that has expired does so once', async () => {
  const { clock, limit } = start({ attempt: SHORT, deadlineHolds: true });
  await clock.advance(300);
  const expired = limit.expired();
  limit.stopTimer();
  await clock.advance(10_000);
  expect(limit.expired()).toBe(expired);
});

test.each([
  ['stopTimer', (limit: ReturnType<typeof startTimeLimit>) => limit.stopTimer()],
  ['restartTimer', (limit: ReturnType<typeof startTimeLimit>) => limit.restartTimer()],
])('release() leaves no timer and no listener, and %s() after it starts none', (_name, act) => {
  const counting = new CountingSignal();
  const { clock, limit } = start({ signal: counting.signal, attempt: SHORT, deadlineHolds: true });
  expect([limit.signal.aborted, counting.listeners]).toEqual([false, 1]);
  limit.release();
  expect([clock.pendingTimers, counting.listeners]).toEqual([0, 0]);
  act(limit);
  expect(clock.pendingTimers).toBe(0);
});
