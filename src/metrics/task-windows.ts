/** The sliding windows of whole calls by task. */

import type { CallRecord } from '../domain/attempt.ts';
import type { TaskSnapshot } from '../domain/snapshot.ts';
import { createCounters } from './counter.ts';
import { ratio } from './ratio.ts';
import { SliceRing } from './sliding-window.ts';

/** Tasks that are counted by name; the calls of more are counted as `other`. */
const MAX_TASKS = 50;
const REST = 'other';

/** Windows of at most 51 tasks, half a kB each. A task whose calls have all left the window makes room for a new one. */
export class TaskWindows {
  readonly #windowMs: number;
  readonly #windows = new Map<string, TaskWindow>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Counts a call of a task. */
  record(task: string, call: CallRecord): void {
    const atMs = call.startedAtMs + call.latencyMs;
    (this.#windows.get(task) ?? this.#open(task, atMs)).record(call, atMs);
  }

  /** The numbers of the window that ends at `nowMs`, of the tasks that had calls in it. */
  snapshot(nowMs: number): Record<string, TaskSnapshot> {
    const tasks = [...this.#windows].map(([task, window]) => [task, window.snapshot(nowMs)] as const);
    return Object.fromEntries(tasks.filter(([, { calls }]) => calls > 0));
  }

  #open(task: string, atMs: number): TaskWindow {
    const full = this.#windows.size >= MAX_TASKS && task !== REST;
    const idle = full ? [...this.#windows].find(([, { lastMs }]) => lastMs <= atMs - this.#windowMs) : undefined;
    if (idle) this.#windows.delete(idle[0]);
    const name = full && !idle ? REST : task;
    const known = this.#windows.get(name);
    if (known) return known;
    const opened = new TaskWindow(this.#windowMs);
    this.#windows.set(name, opened);
    return opened;
  }
}

class TaskWindow {
  readonly #counters = createCounters(['calls', 'primary', 'fallback', 'failures', 'priced', 'costUsd']);
  readonly #ring: SliceRing;
  /** When its latest call ended. */
  lastMs = -Infinity;

  constructor(windowMs: number) {
    this.#ring = new SliceRing(windowMs, Object.values(this.#counters));
  }

  record({ outcome, upstream, assigned, costUsd }: CallRecord, atMs: number): void {
    const slice = this.#ring.sliceAt(atMs);
    if (slice === undefined) return;
    this.lastMs = Math.max(this.lastMs, atMs);
    const { calls, primary, fallback, failures, priced, costUsd: cost } = this.#counters;
    calls.add(slice, 1);
    if (costUsd !== null) priced.add(slice, 1);
    cost.add(slice, costUsd ?? 0);
    if (outcome === 'failure') failures.add(slice, 1);
    if (outcome === 'success') (upstream === assigned ? primary : fallback).add(slice, 1);
  }

  snapshot(nowMs: number): TaskSnapshot {
    this.#ring.advance(nowMs);
    const { calls, primary, fallback, failures, priced, costUsd } = this.#counters;
    const successes = primary.total() + fallback.total();
    return {
      calls: calls.total(),
      successes,
      failures: failures.total(),
      fallbackRate: ratio(fallback.total(), successes + failures.total()),
      costUsd: costUsd.total(),
      costPerCall: ratio(costUsd.total(), priced.total()),
    };
  }
}
