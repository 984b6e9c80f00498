/** The sliding windows of one upstream by model: how its attempts ended. */

import type { AttemptRecord } from '../domain/attempt.ts';
import type { ModelWindowSnapshot } from '../domain/snapshot.ts';
import { createCounters, ratio, SliceRing } from './sliding-window.ts';

/** The most models with a window. A new model replaces the one whose last attempt is the oldest. */
const MAX_MODELS = 100;

/** At most 100 windows of 0.5 kB each. */
export class ModelWindows {
  readonly #windowMs: number;
  readonly #windows = new Map<string | undefined, ModelWindow>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Counts an attempt at the time it ended. An aborted one says nothing about its model. */
  attempt(record: AttemptRecord): void {
    if (record.outcome === 'aborted') return;
    const { requestedModel } = record;
    (this.#windows.get(requestedModel) ?? this.#open(requestedModel)).attempt(record);
  }

  /** The models with attempts in the window that ends at `nowMs`. */
  snapshot(nowMs: number): ReadonlyMap<string | undefined, ModelWindowSnapshot> {
    const models = [...this.#windows].map(([model, window]) => [model, window.snapshot(nowMs)] as const);
    return new Map(models.filter(([, { attempts }]) => attempts > 0));
  }

  #open(model: string | undefined): ModelWindow {
    if (this.#windows.size >= MAX_MODELS) this.#dropOldest();
    const window = new ModelWindow(this.#windowMs);
    this.#windows.set(model, window);
    return window;
  }

  #dropOldest(): void {
    let oldest: string | undefined;
    let lastMs = Infinity;
    for (const [model, window] of this.#windows) {
      if (window.lastMs < lastMs) [oldest, lastMs] = [model, window.lastMs];
    }
    this.#windows.delete(oldest);
  }
}

class ModelWindow {
  readonly #counters = createCounters(['successes', 'failures', 'neutral']);
  readonly #ring: SliceRing;
  /** The end of the latest attempt, in ms since the Unix epoch. */
  lastMs = -Infinity;

  constructor(windowMs: number) {
    this.#ring = new SliceRing(windowMs, Object.values(this.#counters));
  }

  attempt({ startedAtMs, latencyMs, outcome }: AttemptRecord): void {
    const atMs = startedAtMs + latencyMs;
    const slice = this.#ring.sliceAt(atMs);
    if (slice === undefined) return;
    this.lastMs = Math.max(this.lastMs, atMs);
    if (outcome === 'success') this.#counters.successes.add(slice, 1);
    else if (outcome === 'failure') this.#counters.failures.add(slice, 1);
    else this.#counters.neutral.add(slice, 1);
  }

  snapshot(nowMs: number): ModelWindowSnapshot {
    this.#ring.advance(nowMs);
    const successes = this.#counters.successes.total();
    const failures = this.#counters.failures.total();
    const neutral = this.#counters.neutral.total();
    const attempts = successes + failures + neutral;
    return { attempts, successes, failures, neutral, errorRate: ratio(failures, successes + failures) };
  }
}
