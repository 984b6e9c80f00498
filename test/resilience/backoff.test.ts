import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from '../../src/resilience/retry.ts';

const atMost = (attempt: number): number => backoffMs({ attempt, minDelayMs: 250, maxDelayMs: 8000, random: () => 0 });

test('the wait starts at minDelayMs and doubles with each attempt', () => {
  expect([0, 1, 2, 3].map(atMost)).toEqual([250, 500, 1000, 2000]);
});

test('the wait stops at maxDelayMs', () => {
  expect([5, 6, 2000].map(atMost)).toEqual([8000, 8000, 8000]);
});

test('leaves out up to a quarter of the wait', () => {
  const draw = (random: number) => backoffMs({ attempt: 1, minDelayMs: 250, maxDelayMs: 8000, random: () => random });
  expect([0, 0.5, 1].map(draw)).toEqual([500, 437.5, 375]);
});

test('the wait is always a number between 0 and maxDelayMs', () => {
  fc.assert(
    fc.property(
      fc.nat(5000),
      fc.nat(1e6),
      fc.nat(1e6),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, minDelayMs, maxDelayMs, drawn) => {
        const delayMs = backoffMs({ attempt, minDelayMs, maxDelayMs, random: () => drawn });
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(maxDelayMs);
      },
    ),
  );
});
