import { expect, test } from 'vitest';
import { DeferredBatch } from '../../src/domain/in-flight.ts';

test('items are processed in batches and in order', () => {
  const done: number[] = [];
  const backlog = new DeferredBatch<number>((item) => done.push(item), 3);
  for (const item of [1, 2]) backlog.add(item);
  expect(done).toEqual([]);
  for (const item of [3, 4]) backlog.add(item);
  expect(done).toEqual([1, 2, 3]);
});

test('an item added during a batch is processed once', () => {
  const done: number[] = [];
  const backlog: DeferredBatch<number> = new DeferredBatch<number>((item) => {
    done.push(item);
    if (item < 3) backlog.add(item + 10);
  }, 2);
  for (const item of [1, 2]) backlog.add(item);
  backlog.flush();
  expect(done.toSorted((a, b) => a - b)).toEqual([1, 2, 11, 12]);
});

test('flush() processes every waiting item exactly once', () => {
  const done: number[] = [];
  const backlog = new DeferredBatch<number>((item) => done.push(item), 3);
  for (const item of [1, 2, 3, 4, 5]) backlog.add(item);
  backlog.flush();
  backlog.flush();
  expect(done).toEqual([1, 2, 3, 4, 5]);
});
