/**
 * Counts the calls of a closed breaker and decides when it opens. The only file that uses `opossum`.
 *
 * opossum provides the rolling window of ten buckets and the decision to open by error rate over a minimum number of calls.
 * It has no injectable clock, so we rotate its buckets by the times that are passed in. It does not count failures in a row,
 * and its half-open state takes one probe, which closes it even when the outcome says nothing about the upstream: so we count
 * the row, and close its circuit in the same turn in which it opens (`breaker-states.ts` decides what follows). `fire` counts
 * a success in a later turn and keeps its latency in an array, so we add successes to the newest bucket ourselves.
 */

import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';

export interface FailureWindowPolicy {
  /** The breaker opens at this error rate over the window, 0–1. It is compared after each failure. */
  readonly errorRate: number;
  /** Length of the window, which slides in tenths. */
  readonly windowMs: number;
  /** The fewest successes and failures in the window that can open the breaker by error rate. */
  readonly minCalls: number;
  /** The breaker opens after this many failures in a row. */
  readonly consecutive: number;
}

/** Works synchronously on times that are passed in. */
export class FailureWindow {
  readonly #rotation = new EventEmitter();
  readonly #circuit: CircuitBreaker<[], void>;
  readonly #consecutive: number;
  readonly #bucketMs: number;
  #bucketAtMs: number;
  #failuresInARow = 0;
  #waryUntilMs = 0;

  constructor({ errorRate, windowMs, minCalls, consecutive }: FailureWindowPolicy, nowMs: number) {
    this.#consecutive = consecutive;
    this.#bucketMs = windowMs / BUCKETS;
    this.#bucketAtMs = nowMs;
    this.#circuit = new CircuitBreaker(fail, {
      // opossum opens above its threshold, in percent; the policy opens at it.
      errorThresholdPercentage: errorRate * 100 - ROUNDING,
      volumeThreshold: minCalls,
      rollingCountBuckets: BUCKETS,
      rollingCountTimeout: windowMs,
      rotateBucketController: this.#rotation,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      timeout: false,
    });
    // With a fallback `fire` resolves: a rejection that is never read costs twice as much.
    this.#circuit.fallback(() => undefined);
  }

  /** Counts a call and returns the reason to open the breaker, if there is one. */
  add(outcome: 'success' | 'failure', nowMs: number): 'consecutive' | 'errorRate' | undefined {
    if (this.#circuit.isShutdown) return undefined;
    // A call that ended before the newest bucket began counts in that bucket.
    this.#rotate(Math.max(0, Math.floor((nowMs - this.#bucketAtMs) / this.#bucketMs)));
    return outcome === 'success' ? this.#addSuccess() : this.#addFailure(nowMs);
  }

  /** Until `untilMs`, half as many failures in a row are enough, and at least two. */
  beware(untilMs: number): void {
    this.#waryUntilMs = Math.max(this.#waryUntilMs, untilMs);
  }

  /** Forgets all calls. */
  clear(nowMs: number): void {
    this.#failuresInARow = 0;
    this.#rotate(BUCKETS);
    this.#bucketAtMs = nowMs;
  }

  /** Stops counting. */
  close(): void {
    this.#circuit.shutdown();
  }

  #addSuccess(): undefined {
    this.#failuresInARow = 0;
    const [bucket] = this.#circuit.status.window;
    if (!bucket) return;
    bucket.fires += 1;
    bucket.successes += 1;
  }

  #addFailure(nowMs: number): 'consecutive' | 'errorRate' | undefined {
    this.#failuresInARow += 1;
    void this.#circuit.fire();
    const isOverRate = this.#circuit.opened;
    // Also clears the timer that opossum starts when it opens.
    this.#circuit.close();
    const half = Math.max(2, Math.ceil(this.#consecutive / 2));
    const enough = nowMs < this.#waryUntilMs ? Math.min(half, this.#consecutive) : this.#consecutive;
    if (this.#failuresInARow >= enough) return 'consecutive';
    return isOverRate ? 'errorRate' : undefined;
  }

  #rotate(buckets: number): void {
    this.#bucketAtMs += buckets * this.#bucketMs;
    for (let left = Math.min(buckets, BUCKETS); left > 0; left -= 1) this.#rotation.emit('rotate');
  }
}

const BUCKETS = 10;

/** Percent; far below the difference that one call makes. */
const ROUNDING = 1e-9;

/** The guarded action. It throws synchronously, which makes opossum count in the same turn. */
function fail(): never {
  throw FAILED;
}

const FAILED = new Error('failed');
