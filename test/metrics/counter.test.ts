import { expect, test } from 'vitest';
import { createCounters, SlicedCounter } from '../../src/metrics/sliding-window.ts';

test('sums up its slices', () => {
  const counter = new SlicedCounter();
  counter.add(0, 1);
  counter.add(0, 2);
  counter.add(7, 4);
  expect(counter.total()).toBe(7);
});

test('removes the amounts of an expired slice without rounding errors', () => {
  const counter = new SlicedCounter();
  for (const amount of [0.1, 0.2, 0.3]) counter.add(1, amount);
  counter.add(2, 0.7);
  counter.expire(1);
  expect(counter.total()).toBe(0.7);
  counter.expire(2);
  expect(counter.total()).toBe(0);
});

test('counters of different names do not share slices', () => {
  const { calls, failures } = createCounters(['calls', 'failures']);
  calls.add(0, 1);
  expect([calls.total(), failures.total()]).toEqual([1, 0]);
});
