/** A sliding window over the copies of one upstream: their outcomes, comparisons and drops. */

import type { AttemptRecord } from '../domain/attempt.ts';
import { COMPARISON_ASPECTS, type Comparison, type ComparisonAspect, type ShadowDropReason } from '../domain/shadow.ts';
import type { ShadowSnapshot } from '../domain/snapshot.ts';
import { createCounters, ratio, SliceRing } from '../metrics/sliding-window.ts';
import { UpstreamWindow } from '../metrics/window.ts';

/** The part of a shadow snapshot that comes from the window. */
export type ShadowNumbers = Pick<
  ShadowSnapshot,
  'calls' | 'dropped' | 'successRate' | 'latencyMs' | 'firstChunkMs' | 'costUsd' | 'compared' | 'agreement' | 'aspects'
>;

const DROP_REASONS = ['full', 'budget', 'unavailable'] as const satisfies readonly ShadowDropReason[];

/** Uses constant memory, however many calls are mirrored. */
export class ShadowWindow {
  readonly #attempts: UpstreamWindow;
  readonly #dropped = createCounters(DROP_REASONS);
  readonly #compared = createCounters(['count', 'agreement']);
  /** How often each aspect applied. */
  readonly #counts = createCounters(COMPARISON_ASPECTS);
  /** The sum of the scores of each aspect. */
  readonly #scores = createCounters(COMPARISON_ASPECTS);
  readonly #ring: SliceRing;

  constructor(windowMs: number) {
    this.#attempts = new UpstreamWindow(windowMs);
    const counters = [this.#dropped, this.#compared, this.#counts, this.#scores];
    this.#ring = new SliceRing(
      windowMs,
      counters.flatMap((group) => Object.values(group)),
    );
  }

  ended(record: AttemptRecord): void {
    this.#attempts.attempt(record);
  }

  drop(reason: ShadowDropReason, atMs: number): void {
    const slice = this.#ring.sliceAt(atMs);
    if (slice !== undefined) this.#dropped[reason].add(slice, 1);
  }

  compare({ agreement, aspects }: Comparison, atMs: number): void {
    const slice = this.#ring.sliceAt(atMs);
    if (slice === undefined) return;
    if (agreement !== null) {
      this.#compared.count.add(slice, 1);
      this.#compared.agreement.add(slice, agreement);
    }
    for (const aspect of COMPARISON_ASPECTS) {
      const score = aspects[aspect];
      if (score === undefined) continue;
      this.#counts[aspect].add(slice, 1);
      this.#scores[aspect].add(slice, score);
    }
  }

  snapshot(nowMs: number): ShadowNumbers {
    this.#ring.advance(nowMs);
    const { attempts, aborted, successes, failures, latencyMs, firstChunkMs, costUsd } = this.#attempts.snapshot(nowMs);
    const { full, budget, unavailable } = this.#dropped;
    const compared = this.#compared.count.total();
    return {
      calls: attempts + aborted,
      dropped: { full: full.total(), budget: budget.total(), unavailable: unavailable.total() },
      successRate: ratio(successes, successes + failures),
      latencyMs,
      firstChunkMs,
      costUsd,
      compared,
      agreement: ratio(this.#compared.agreement.total(), compared),
      aspects: this.#aspects(),
    };
  }

  #aspects(): Partial<Record<ComparisonAspect, number>> {
    const means: Partial<Record<ComparisonAspect, number>> = {};
    for (const aspect of COMPARISON_ASPECTS) {
      const count = this.#counts[aspect].total();
      if (count > 0) means[aspect] = this.#scores[aspect].total() / count;
    }
    return means;
  }
}
