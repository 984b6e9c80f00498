/** Sliding windows of whole calls: one over all upstreams, and one per task. */

import type { CallRecord } from '../domain/attempt.ts';
import type { CallTotals, TaskSnapshot } from '../domain/snapshot.ts';
import { SlidingHistogram } from './histogram.ts';
import { createCounters, ratio, SliceRing } from './sliding-window.ts';

/** All calls of the last `windowMs`, in constant memory. A call counts at the time it ended. */
export class CallWindow {
  readonly #counters = createCounters(['calls', 'primary', 'fallback', 'failures', 'priced', 'costUsd']);
  readonly #latency = new SlidingHistogram();
  readonly #firstChunk = new SlidingHistogram();
  readonly #ring: SliceRing;

  constructor(windowMs: number) {
    this.#ring = new SliceRing(windowMs, [...Object.values(this.#counters), this.#latency, this.#firstChunk]);
  }

  record(call: CallRecord): void {
    const slice = this.#ring.sliceAt(call.startedAtMs + call.latencyMs);
    if (slice === undefined) return;
    this.#counters.calls.add(slice, 1);
    if (call.costUsd !== null) {
      this.#counters.priced.add(slice, 1);
      this.#counters.costUsd.add(slice, call.costUsd);
    }
    if (call.outcome === 'neutral' || call.outcome === 'aborted') return;
    this.#served(call).add(slice, 1);
    this.#latency.record(slice, call.latencyMs);
    if (call.firstChunkMs !== undefined) this.#firstChunk.record(slice, call.firstChunkMs);
  }

  /** The numbers of the window that ends at `nowMs`. */
  totals(nowMs: number): CallTotals {
    this.#ring.advance(nowMs);
    const primary = this.#counters.primary.total();
    const fallback = this.#counters.fallback.total();
    const failures = this.#counters.failures.total();
    const ended = primary + fallback + failures;
    return {
      calls: this.#counters.calls.total(),
      successes: primary + fallback,
      failures,
      primaryHitRate: ratio(primary, ended),
      fallbackRate: ratio(fallback, ended),
      failureRate: ratio(failures, ended),
      costPerCall: ratio(this.#counters.costUsd.total(), this.#counters.priced.total()),
      latencyMs: this.#latency.quantiles(),
      firstChunkMs: this.#firstChunk.quantiles(),
    };
  }

  #served({ outcome, upstream, assigned }: CallRecord) {
    if (outcome === 'failure') return this.#counters.failures;
    return upstream === assigned ? this.#counters.primary : this.#counters.fallback;
  }
}

/** The most tasks that have a window of their own. Calls of further tasks are counted as `other`. */
const MAX_TASKS = 50;
const OTHER = 'other';

/**
 * The calls of the last `windowMs` by task: at most 51 windows of 0.5 kB each. A new task replaces one whose calls have all left the
 * window.
 */
export class TaskWindows {
  readonly #windowMs: number;
  readonly #windows = new Map<string, TaskWindow>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  record(task: string, call: CallRecord): void {
    const atMs = call.startedAtMs + call.latencyMs;
    (this.#windows.get(task) ?? this.#open(task, atMs)).record(call, atMs);
  }

  /** The tasks with calls in the window that ends at `nowMs`. */
  snapshot(nowMs: number): Record<string, TaskSnapshot> {
    const tasks = [...this.#windows].map(([task, window]) => [task, window.snapshot(nowMs)] as const);
    return Object.fromEntries(tasks.filter(([, { calls }]) => calls > 0));
  }

  #open(task: string, atMs: number): TaskWindow {
    const full = this.#windows.size >= MAX_TASKS && task !== OTHER;
    const idle = full ? [...this.#windows].find(([, { lastMs }]) => lastMs <= atMs - this.#windowMs) : undefined;
    if (idle) this.#windows.delete(idle[0]);
    const name = full && !idle ? OTHER : task;
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
  /** The end of the latest call, in ms since the Unix epoch. */
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
