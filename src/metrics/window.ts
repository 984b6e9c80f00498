/** The sliding window of one upstream. */

import { COUNTER_METRICS } from '../domain/alert.ts';
import { type AssignmentRecord, isBadEnd } from '../domain/assignment.ts';
import { type AttemptRecord, FAILURE_KINDS, type FailureKind } from '../domain/attempt.ts';
import type { WindowSnapshot } from '../domain/snapshot.ts';
import { createCounters, ratio, SliceRing } from './sliding-window.ts';
import { SlidingHistogram } from './histogram.ts';

/**
 * Attempts on one upstream, and calls assigned to it, over the last `windowMs`, in constant memory.
 *
 * - An aborted attempt counts only as `aborted`, with its tokens and cost; it is not part of `attempts`.
 * - Latencies are those of successes and failures. Every failure kind is a failure, including `rateLimit`, `quota` and `auth`.
 * - `costPerHour` is the window's cost divided by the observed time: since the first record, at most the window and at
 *   least one slice (1/8 of the window).
 */
export class UpstreamWindow {
  readonly #counters = createCounters(COUNTERS);
  readonly #failuresByKind = createCounters(FAILURE_KINDS);
  readonly #latency = new SlidingHistogram();
  readonly #firstChunk = new SlidingHistogram();
  readonly #ring: SliceRing;

  constructor(windowMs: number) {
    this.#ring = new SliceRing(windowMs, [
      ...Object.values(this.#counters),
      ...Object.values(this.#failuresByKind),
      this.#latency,
      this.#firstChunk,
    ]);
  }

  /** The size of the arrays in bytes; it never changes. */
  get byteLength(): number {
    return this.#ring.byteLength;
  }

  /** Counts a call that was assigned to this upstream and ended at `atMs`. */
  call(atMs: number): void {
    const slice = this.#ring.sliceAt(atMs);
    if (slice !== undefined) this.#counters.calls.add(slice, 1);
  }

  /** Counts the end of an assignment to this upstream. */
  assignment({ end, atMs }: AssignmentRecord): void {
    const isBad = isBadEnd(end);
    if (!isBad && end !== 'answered') return;
    const slice = this.#ring.sliceAt(atMs);
    if (slice !== undefined) this.#counters[isBad ? 'unanswered' : 'answered'].add(slice, 1);
  }

  /** Counts an attempt at the time it ended. */
  attempt(record: AttemptRecord): void {
    const slice = this.#ring.sliceAt(record.startedAtMs + record.latencyMs);
    if (slice === undefined) return;
    this.#addUsage(slice, record);
    if (record.outcome === 'aborted') return this.#counters.aborted.add(slice, 1);
    this.#counters.attempts.add(slice, 1);
    if (record.reason === 'retry') this.#counters.retries.add(slice, 1);
    if (record.reason === 'fallback') this.#counters.fallbacks.add(slice, 1);
    if (record.brokenToolArguments) this.#counters.brokenToolCalls.add(slice, 1);
    if (record.outcome === 'neutral') return this.#counters.neutral.add(slice, 1);
    this.#addEnd(slice, record);
  }

  /** Counts a quality that the application measured for a call which this upstream answered. */
  score(quality: number, atMs: number): void {
    const slice = this.#ring.sliceAt(atMs);
    if (slice === undefined) return;
    this.#counters.scored.add(slice, 1);
    this.#counters.quality.add(slice, quality);
  }

  /** The numbers of the window that ends at `nowMs`. */
  snapshot(nowMs: number): WindowSnapshot {
    this.#ring.advance(nowMs);
    const { calls, attempts, successes, failures, neutral, aborted, retries, fallbacks } = this.#counters;
    const { inputTokens, outputTokens, cachedInputTokens, priced, unpriced, savingsUsd } = this.#counters;
    const costUsd = this.#counters.costUsd.total();
    return {
      calls: calls.total(),
      answered: this.#counters.answered.total(),
      unanswered: this.#counters.unanswered.total(),
      attempts: attempts.total(),
      successes: successes.total(),
      failures: failures.total(),
      neutral: neutral.total(),
      aborted: aborted.total(),
      failuresByKind: this.#kinds(),
      retries: retries.total(),
      fallbacks: fallbacks.total(),
      errorRate: ratio(failures.total(), successes.total() + failures.total()),
      inputTokens: inputTokens.total(),
      outputTokens: outputTokens.total(),
      cachedInputTokens: cachedInputTokens.total(),
      costUsd,
      unpriced: unpriced.total(),
      brokenToolCalls: this.#counters.brokenToolCalls.total(),
      savingsUsd: savingsUsd.total(),
      costPerHour: (costUsd * HOUR_MS) / this.#ring.observedMs(nowMs),
      costPerCall: ratio(costUsd, priced.total()),
      costPer1kTokens: ratio(this.#counters.tokensUsd.total() * 1_000, this.#counters.pricedTokens.total()),
      uptime: ratio(successes.filledSlices(), successes.filledSlices(failures)),
      quality: ratio(this.#counters.quality.total(), this.#counters.scored.total()),
      scored: this.#counters.scored.total(),
      latencyMs: this.#latency.quantiles(),
      firstChunkMs: this.#firstChunk.quantiles(),
    };
  }

  #addUsage(slice: number, { usage, cost, stableCostUsd }: AttemptRecord): void {
    if (usage !== undefined) {
      this.#counters.inputTokens.add(slice, usage.inputTokens);
      this.#counters.outputTokens.add(slice, usage.outputTokens);
      this.#counters.cachedInputTokens.add(slice, usage.cachedInputTokens);
      if (cost.costUsd === null) this.#counters.unpriced.add(slice, 1);
    }
    if (cost.costUsd === null) return;
    this.#counters.priced.add(slice, 1);
    this.#counters.costUsd.add(slice, cost.costUsd);
    if (usage !== undefined) {
      this.#counters.pricedTokens.add(slice, usage.inputTokens + usage.outputTokens);
      this.#counters.tokensUsd.add(slice, cost.costUsd);
    }
    if (stableCostUsd !== null) this.#counters.savingsUsd.add(slice, stableCostUsd - cost.costUsd);
  }

  #addEnd(slice: number, { outcome, kind, latencyMs, firstChunkMs }: AttemptRecord): void {
    if (outcome === 'success') this.#counters.successes.add(slice, 1);
    else {
      this.#counters.failures.add(slice, 1);
      if (kind !== undefined) this.#failuresByKind[kind].add(slice, 1);
    }
    this.#latency.record(slice, latencyMs);
    if (firstChunkMs !== undefined) this.#firstChunk.record(slice, firstChunkMs);
  }

  #kinds(): Partial<Record<FailureKind, number>> {
    const kinds: Partial<Record<FailureKind, number>> = {};
    for (const kind of FAILURE_KINDS) {
      const count = this.#failuresByKind[kind].total();
      if (count > 0) kinds[kind] = count;
    }
    return kinds;
  }
}

const HOUR_MS = 3_600_000;

/**
 * `priced`: attempts whose cost is known. `pricedTokens` and `tokensUsd`: the tokens and costs of those with usage. `scored`: calls with a quality, and `quality` the sum of it.
 */
const COUNTERS = [
  ...COUNTER_METRICS,
  'answered',
  'unanswered',
  'priced',
  'pricedTokens',
  'tokensUsd',
  'scored',
  'quality',
] as const;
