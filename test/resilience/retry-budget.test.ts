import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManualClock } from '../../src/testing/manual-clock.ts';
import { RetryBudget } from '../../src/resilience/retry-budget.ts';

/** Withdraws until the budget refuses. */
function withdrawAll(budget: RetryBudget): number {
  let count = 0;
  while (count < 1000 && budget.withdraw()) count += 1;
  return count;
}

test('a new budget allows ten retries at once', () => {
  expect(withdrawAll(new RetryBudget(0.2, new ManualClock()))).toBe(10);
});

test('with a share of 0.2, five calls allow one retry', () => {
  const budget = new RetryBudget(0.2, new ManualClock());
  withdrawAll(budget);
  for (let call = 0; call < 5; call += 1) budget.deposit();
  expect(withdrawAll(budget)).toBe(1);
});

test('with a share of 0.1, ten calls allow one retry in spite of rounding', () => {
  const budget = new RetryBudget(0.1, new ManualClock());
  withdrawAll(budget);
  for (let call = 0; call < 10; call += 1) budget.deposit();
  expect(withdrawAll(budget)).toBe(1);
});

test('one retry a second is refilled, so that a quiet service can always retry', async () => {
  const clock = new ManualClock();
  const budget = new RetryBudget(0.2, clock);
  withdrawAll(budget);
  await clock.advance(999);
  expect(budget.withdraw()).toBe(false);
  await clock.advance(1);
  expect(withdrawAll(budget)).toBe(1);
  await clock.advance(3000);
  expect(withdrawAll(budget)).toBe(3);
});

test('holds at most ten retries, after any time and number of calls', async () => {
  const clock = new ManualClock();
  const budget = new RetryBudget(1, clock);
  await clock.advance(3_600_000);
  for (let call = 0; call < 100; call += 1) budget.deposit();
  expect(withdrawAll(budget)).toBe(10);
});

test('a share of 0 allows no retry', () => {
  expect(withdrawAll(new RetryBudget(0, new ManualClock()))).toBe(0);
});

test('retries never exceed the share of calls, plus one a second and the first ten', () => {
  const steps = fc.array(fc.oneof(fc.constant('call'), fc.constant('retry'), fc.nat(2000)), { maxLength: 300 });
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1, noNaN: true }), steps, (share, history) => {
      const clock = new ManualClock(0);
      const budget = new RetryBudget(share, clock);
      let calls = 0;
      let retries = 0;
      for (const step of history) {
        if (typeof step === 'number') clock.jump(step);
        else if (step === 'call') {
          budget.deposit();
          calls += 1;
        } else if (budget.withdraw()) retries += 1;
        expect(retries).toBeLessThanOrEqual(10 + share * calls + clock.now() / 1000 + 1e-6);
      }
    }),
  );
});
