/** Whole calls by task, over a sliding window. */

import { expect, test } from 'vitest';
import type { CallRecord } from '../../src/index.ts';
import { TaskWindows } from '../../src/metrics/call-windows.ts';
import { callRecord } from './records.ts';

const WINDOW_MS = 80_000;

function call(endedAtMs: number, fields: Partial<CallRecord> = {}): CallRecord {
  return callRecord({ task: 'legal', startedAtMs: endedAtMs - 100, costUsd: 0.01, ...fields });
}

test('counts calls, outcomes, fallbacks and known costs', () => {
  const tasks = new TaskWindows(WINDOW_MS);
  tasks.record('legal', call(1_000));
  tasks.record('legal', call(1_000, { upstream: 'gemini', costUsd: null }));
  tasks.record('legal', call(1_000, { outcome: 'failure', costUsd: 0.03 }));
  tasks.record('legal', call(1_000, { outcome: 'aborted', costUsd: null }));
  expect(tasks.snapshot(1_000)).toEqual({
    legal: { calls: 4, successes: 2, failures: 1, fallbackRate: 1 / 3, costUsd: 0.04, costPerCall: 0.02 },
  });
});

test('omits a task whose calls have all left the window', () => {
  const tasks = new TaskWindows(WINDOW_MS);
  tasks.record('legal', call(1_000));
  expect(tasks.snapshot(1_000 + WINDOW_MS)).toEqual({});
});

test('counts the calls of all tasks after the fiftieth as other', () => {
  const tasks = new TaskWindows(WINDOW_MS);
  for (let index = 0; index < 1_000; index += 1) tasks.record(`task-${index}`, call(1_000));
  const snapshot = tasks.snapshot(1_000);
  expect(Object.keys(snapshot)).toHaveLength(51);
  expect(snapshot.other?.calls).toBe(950);
});

test('replaces a task without calls in the window by a new one', () => {
  const tasks = new TaskWindows(WINDOW_MS);
  for (let index = 0; index < 50; index += 1) tasks.record(`task-${index}`, call(1_000));
  tasks.record('legal', call(1_000 + WINDOW_MS));
  expect(Object.keys(tasks.snapshot(1_000 + WINDOW_MS))).toEqual(['legal']);
});
