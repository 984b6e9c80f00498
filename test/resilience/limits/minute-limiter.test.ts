/** The sum of the last minute. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MinuteLimiter, RollingSum } from '../../../src/resilience/limits/minute-limiter.ts';

const START_MS = Date.UTC(2026, 0, 1);

test('an amount counts for 61 seconds and has dropped out after 62', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000 }), (atMs) => {
      const sum = new RollingSum();
      sum.add(5, START_MS + atMs);
      expect(sum.total(START_MS + atMs + 61_000)).toBe(5);
      expect(sum.total(START_MS + atMs + 62_000)).toBe(0);
    }),
  );
});

test('admitted amounts never exceed the limit within any sixty seconds, and a refused amount fits at the time that is returned', () => {
  const step = fc.record({ afterMs: fc.integer({ min: 0, max: 20_000 }), amount: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const limiter = new MinuteLimiter(100);
      const taken: { atMs: number; amount: number }[] = [];
      let nowMs = START_MS;
      for (const { afterMs, amount } of steps) {
        nowMs += afterMs;
        const freeAtMs = limiter.blockedUntilMs(amount, nowMs) ?? nowMs;
        expect(freeAtMs).toBeGreaterThanOrEqual(nowMs);
        nowMs = freeAtMs;
        expect(limiter.blockedUntilMs(amount, nowMs)).toBeUndefined();
        limiter.take(amount, nowMs);
        taken.push({ atMs: nowMs, amount });
        const lastMinute = taken.filter(({ atMs }) => atMs > nowMs - 60_000);
        expect(lastMinute.reduce((sum, entry) => sum + entry.amount, 0)).toBeLessThanOrEqual(100);
      }
    }),
  );
});

test('takeBack() undoes an amount, unless it has dropped out', () => {
  const sum = new RollingSum();
  sum.add(5, START_MS);
  sum.add(7, START_MS + 10_000);
  sum.takeBack(5, START_MS);
  expect(sum.total(START_MS + 10_000)).toBe(7);
  sum.takeBack(7, START_MS - 100_000);
  expect(sum.total(START_MS + 10_000)).toBe(7);
  expect(sum.total(START_MS + 72_000)).toBe(0);
});

test('a clock that goes back drops nothing', () => {
  const sum = new RollingSum();
  sum.add(5, START_MS);
  expect(sum.total(START_MS - 3_600_000)).toBe(5);
  sum.add(5, START_MS - 3_600_000);
  expect(sum.total(START_MS)).toBe(10);
});

test('a full limit says when the next request fits', () => {
  const limiter = new MinuteLimiter(3);
  limiter.take(3, START_MS);
  expect(limiter.used(START_MS)).toBe(3);
  expect(limiter.blockedUntilMs(1, START_MS)).toBe(START_MS + 62_000);
});
