/** The sum of the last minute. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MinuteLimiter, RollingSum } from '../../../src/resilience/limits/minute-limiter.ts';

const START_MS = Date.UTC(2026, 0, 1);

test('an amount stays for 61 seconds and is gone after 62', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000 }), (atMs) => {
      const sum = new RollingSum();
      sum.add(5, START_MS + atMs);
      expect(sum.total(START_MS + atMs + 61_000)).toBe(5);
      expect(sum.total(START_MS + atMs + 62_000)).toBe(0);
    }),
  );
});

test('what is admitted never exceeds the limit within any sixty seconds, and what is refused fits when it is told', () => {
  const step = fc.record({ afterMs: fc.integer({ min: 0, max: 20_000 }), points: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const limiter = new MinuteLimiter(100);
      const taken: { atMs: number; points: number }[] = [];
      let nowMs = START_MS;
      for (const { afterMs, points } of steps) {
        nowMs += afterMs;
        const toldMs = limiter.blockedUntilMs(points, nowMs) ?? nowMs;
        expect(toldMs).toBeGreaterThanOrEqual(nowMs);
        nowMs = toldMs;
        expect(limiter.blockedUntilMs(points, nowMs)).toBeUndefined();
        limiter.take(points, nowMs);
        taken.push({ atMs: nowMs, points });
        const lastMinute = taken.filter(({ atMs }) => atMs > nowMs - 60_000);
        expect(lastMinute.reduce((sum, entry) => sum + entry.points, 0)).toBeLessThanOrEqual(100);
      }
    }),
  );
});

test('what is taken back is there again, unless it has left by itself', () => {
  const sum = new RollingSum();
  sum.add(5, START_MS);
  sum.add(7, START_MS + 10_000);
  sum.takeBack(5, START_MS);
  expect(sum.total(START_MS + 10_000)).toBe(7);
  sum.takeBack(7, START_MS - 100_000);
  expect(sum.total(START_MS + 10_000)).toBe(7);
  expect(sum.total(START_MS + 72_000)).toBe(0);
});

test('a clock that goes back frees nothing', () => {
  const sum = new RollingSum();
  sum.add(5, START_MS);
  expect(sum.total(START_MS - 3_600_000)).toBe(5);
  sum.add(5, START_MS - 3_600_000);
  expect(sum.total(START_MS)).toBe(10);
});

test('a full minute says when the next point fits', () => {
  const limiter = new MinuteLimiter(3);
  limiter.take(3, START_MS);
  expect(limiter.used(START_MS)).toBe(3);
  expect(limiter.blockedUntilMs(1, START_MS)).toBe(START_MS + 62_000);
});
