/** An upstream that calls are mirrored to: which keys are chosen, when it is paused, its results, and the advice they give. */

import type { CopyDrop, ShadowAdvice } from '../domain/shadow.ts';
import type { WindowSnapshot } from '../domain/snapshot.ts';
import type { Failure } from '../resilience/failure.ts';
import { Pause, type PauseKind, pauseMsAfter } from '../resilience/pause.ts';
import { createBucketer } from '../routing/bucket.ts';
import type { Clock } from '../time/clock.ts';
import { type ShadowNumbers, ShadowWindow } from './shadow-window.ts';

export class ShadowTarget {
  readonly name: string;
  readonly window: ShadowWindow;
  /** The share of keys, 0–1. */
  share = 0;
  /** Separate from the pause of real calls, so that failures of copies do not affect them. */
  readonly #pause: Pause;
  readonly #clock: Clock;
  readonly #bucketOf: (key: string) => number;

  constructor(name: string, salt: string, { clock, windowMs }: { readonly clock: Clock; readonly windowMs: number }) {
    this.name = name;
    this.window = new ShadowWindow(windowMs);
    this.#pause = new Pause(clock);
    this.#clock = clock;
    // A separate salt: the mirrored keys are not the keys that the split moves first.
    this.#bucketOf = createBucketer(`${salt}:shadow:${name}`);
  }

  /**
   * Whether a call is mirrored. A chosen key stays chosen when the share rises; a call without a key is chosen at random.
   *
   * @param random uniform in [0, 1)
   */
  chooses(key: string | undefined, random: () => number): boolean {
    if (this.share === 0) return false;
    return (key === undefined ? random() : this.#bucketOf(key)) < this.share;
  }

  /** Why copies pause; `undefined` if they do not. */
  pausedFor(nowMs: number): PauseKind | undefined {
    return this.#pause.reason(nowMs) ?? undefined;
  }

  /** Counts a copy that is not sent. */
  dropped(reason: CopyDrop): void {
    const counted = reason === 'full' || reason === 'budget' ? reason : 'unavailable';
    this.window.drop(counted, this.#clock.now());
  }

  failed(failure: Failure): void {
    const pauseMs = pauseMsAfter(failure);
    if (pauseMs !== undefined) this.#pause.pause(failure.kind as PauseKind, pauseMs);
  }
}

/** The minimum number of mirrored calls, and of comparisons, for any advice but `hold`. */
const MIN_CALLS = 30;
/** By how much the error rate may exceed stable's for the advice `raise`, and without the advice `stop`. */
const RAISE_ERROR_MARGIN = 0.01;
const STOP_ERROR_MARGIN = 0.05;
/** Two good models share about half of their words in free text, and more where the format is fixed. */
const RAISE_AGREEMENT = 0.5;
const STOP_AGREEMENT = 0.25;
/** Above this ratio of p95 latencies the advice is `hold`. */
const MAX_LATENCY_RATIO = 1.5;

/** Advice for people, from simple thresholds. A rollout is decided by its guardrails. */
export function advise(shadow: ShadowNumbers, stable: WindowSnapshot): ShadowAdvice {
  const { calls, successRate, agreement, compared } = shadow;
  if (calls < MIN_CALLS || successRate === null) return hold(`${calls} of the ${MIN_CALLS} calls needed`);
  const errorRate = 1 - successRate;
  const more = errorRate - (stable.errorRate ?? 0);
  const errors = `${percent(errorRate)} of calls fail, ${percent(stable.errorRate ?? 0)} on stable`;
  if (more > STOP_ERROR_MARGIN) return { recommend: 'stop', reason: errors };
  if (compared < MIN_CALLS || agreement === null) return hold(`${compared} of the ${MIN_CALLS} comparisons needed`);
  const agrees = `the answers agree by ${percent(agreement)}`;
  if (agreement < STOP_AGREEMENT) return { recommend: 'stop', reason: agrees };
  if (agreement < RAISE_AGREEMENT) return hold(agrees);
  if (more > RAISE_ERROR_MARGIN) return hold(errors);
  const slower = latencyRatio(shadow, stable);
  if (slower > MAX_LATENCY_RATIO) return hold(`its p95 is ${slower.toFixed(1)} times that of stable`);
  return { recommend: 'raise', reason: `${agrees}; ${errors}` };
}

function hold(reason: string): ShadowAdvice {
  return { recommend: 'hold', reason };
}

/** The ratio of the p95 latencies; 0 if either is unknown. */
function latencyRatio({ latencyMs: shadow }: ShadowNumbers, { latencyMs: stable }: WindowSnapshot): number {
  return shadow.p95 === null || !stable.p95 ? 0 : shadow.p95 / stable.p95;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
