/** The sliding window of whole calls, over all upstreams. */

import type { CallRecord } from '../domain/attempt.ts';
import type { CallTotals } from '../domain/snapshot.ts';
import { createCounters } from './counter.ts';
import { SlidingHistogram } from './histogram.ts';
import { ratio } from './ratio.ts';
import { SliceRing } from './sliding-window.ts';

/** Whole calls over the last `windowMs`, in constant memory. A call counts at the time it ended. */
export class CallWindow {
  readonly #counters = createCounters(['calls', 'primary', 'fallback', 'failures', 'priced', 'costUsd']);
  readonly #latency = new SlidingHistogram();
  readonly #firstChunk = new SlidingHistogram();
  readonly #ring: SliceRing;

  constructor(windowMs: number) {
    this.#ring = new SliceRing(windowMs, [...Object.values(this.#counters), this.#latency, this.#firstChunk]);
  }

  /** Counts a call. */
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
