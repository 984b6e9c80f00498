/** What a closed breaker counts, and when that opens it. The only file that knows `opossum`. */

import { EventEmitter } from 'node:events';
import CircuitBreaker from 'opossum';

export interface FailureWindowPolicy {
  /** Opens at this error rate over the window, 0–1; looked at after each failure. */
  readonly errorRate: number;
  /** Length of the window, which slides in tenths. */
  readonly windowMs: number;
  /** Fewer successes and failures in the window than this never open it by rate. */
  readonly minCalls: number;
  /** Opens after this many failures in a row. */
  readonly consecutive: number;
}

/**
 * opossum's rolling window and its decision to open, driven by times that are handed in. It counts what has happened
 * already, in the same turn, and is never left open: how long to stay open, and how to come back, is decided elsewhere.
 */
export class FailureWindow {
  readonly #rotation = new EventEmitter();
  readonly #circuit: CircuitBreaker<[], void>;
  readonly #status: CircuitBreaker.Status;
  readonly #consecutive: number;
  readonly #bucketMs: number;
  #bucketAtMs: number;
  #failuresInARow = 0;
  /** Successes that opossum has not been told of: it looks at its numbers when something fails. */
  #untold = 0;
  #opened = false;

  constructor(policy: FailureWindowPolicy, nowMs: number) {
    this.#consecutive = policy.consecutive;
    this.#bucketMs = policy.windowMs / BUCKETS;
    this.#bucketAtMs = nowMs;
    this.#status = createStatus(policy, this.#rotation);
    this.#circuit = new CircuitBreaker(fail, {
      name: 'upstream',
      // opossum opens above its threshold, in percent, the policy at it.
      errorThresholdPercentage: policy.errorRate * 100 - ROUNDING,
      volumeThreshold: policy.minCalls,
      status: this.#status,
      timeout: false,
      resetTimeout: LONGEST_TIMER_MS,
    });
    // A result in place of the error: rejecting, for nobody to see, costs twice as much.
    this.#circuit.fallback(ignore);
    this.#circuit.on('open', () => {
      this.#opened = true;
      // Clears, in the same turn, the timer that opossum has just started.
      this.#circuit.close();
    });
  }

  /** Counts a call. The reason to open now, if there is one. */
  add(outcome: 'success' | 'failure', nowMs: number): 'consecutive' | 'errorRate' | undefined {
    if (this.#circuit.isShutdown) return undefined;
    // What ended before the newest bucket began counts in it.
    this.#rotate(Math.max(0, Math.floor((nowMs - this.#bucketAtMs) / this.#bucketMs)));
    if (outcome === 'success') {
      this.#untold += 1;
      this.#failuresInARow = 0;
      return undefined;
    }
    this.#tell();
    this.#failuresInARow += 1;
    this.#opened = false;
    void this.#circuit.fire();
    if (this.#failuresInARow >= this.#consecutive) return 'consecutive';
    return this.#opened ? 'errorRate' : undefined;
  }

  /** Forgets all that was counted. */
  clear(nowMs: number): void {
    this.#failuresInARow = 0;
    this.#rotate(BUCKETS);
    this.#bucketAtMs = nowMs;
  }

  /** Counts nothing from now on. */
  close(): void {
    this.#circuit.shutdown();
  }

  #rotate(buckets: number): void {
    if (buckets === 0) return;
    this.#tell();
    this.#bucketAtMs += buckets * this.#bucketMs;
    for (let left = Math.min(buckets, BUCKETS); left > 0; left -= 1) this.#rotation.emit('rotate');
  }

  /** Firing each success would cost a hundred times as much, for a window that nobody looks at meanwhile. */
  #tell(): void {
    const [bucket] = this.#status.window;
    if (bucket) {
      bucket.fires += this.#untold;
      bucket.successes += this.#untold;
    }
    this.#untold = 0;
  }
}

const BUCKETS = 10;

/** Percent; far below the difference that one call makes. */
const ROUNDING = 1e-9;

/** A longer `setTimeout` fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * opossum's window without what a breaker has no use for: it keeps the latency of every call in it, and with each failure
 * adds up thirteen counters a bucket, where the decision looks at two.
 */
function createStatus(policy: FailureWindowPolicy, rotation: EventEmitter): CircuitBreaker.Status {
  const status = CircuitBreaker.newStatus({
    rollingCountBuckets: BUCKETS,
    rollingCountTimeout: policy.windowMs,
    rotateBucketController: rotation,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
  });
  const increment = (counter: 'fires' | 'failures' | 'successes' | 'fallbacks'): void => {
    const [bucket] = status.window;
    if (bucket) bucket[counter] += 1;
  };
  const sum = (counter: 'fires' | 'failures'): number =>
    status.window.reduce((total, bucket) => total + bucket[counter], 0);
  return Object.defineProperties(status, {
    increment: { value: increment },
    stats: { get: () => ({ fires: sum('fires'), failures: sum('failures') }) },
  });
}

/** The action that opossum guards has failed already. Throwing makes opossum count in the same turn. */
function fail(): never {
  throw FAILED;
}

const FAILED = new Error('failed');

function ignore(): void {}
