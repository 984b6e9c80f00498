/** An upstream that calls are mirrored to: who is chosen, when it is left alone, and what came of it. */

import type { ShadowAdvice } from '../domain/shadow.ts';
import type { WindowSnapshot } from '../domain/snapshot.ts';
import type { Failure } from '../resilience/failure.ts';
import { Pause } from '../resilience/pause.ts';
import { createBucketer } from '../routing/bucket.ts';
import type { Clock } from '../time/clock.ts';
import { type ShadowNumbers, ShadowWindow } from './shadow-window.ts';

/** An upstream that says "not now" without saying how long, and one that refuses the account, in ms: as for real calls. */
const UNTOLD_PAUSE_MS = 1_000;
const REFUSED_PAUSE_MS = 300_000;

export class ShadowTarget {
  readonly name: string;
  readonly window: ShadowWindow;
  /** Of keys, 0–1. */
  share = 0;
  /** Its own: what a copy meets must not keep real calls away, nor the other way round. */
  readonly #pause: Pause;
  readonly #bucketOf: (key: string) => number;

  constructor(name: string, salt: string, { clock, windowMs }: { readonly clock: Clock; readonly windowMs: number }) {
    this.name = name;
    this.window = new ShadowWindow(windowMs);
    this.#pause = new Pause(clock);
    // A salt of its own: the users who are mirrored are not those whom the split moves first.
    this.#bucketOf = createBucketer(`${salt}:shadow:${name}`);
  }

  /** A key is chosen or not, and stays chosen when the share rises; without a key it is `random`, in [0, 1), that decides. */
  chooses(key: string | undefined, random: () => number): boolean {
    if (this.share === 0) return false;
    return (key === undefined ? random() : this.#bucketOf(key)) < this.share;
  }

  isPaused(nowMs: number): boolean {
    return this.#pause.until(nowMs) !== null;
  }

  failed({ kind, retryAfterMs }: Failure): void {
    if (kind === 'rateLimit') this.#pause.pause(kind, retryAfterMs ?? UNTOLD_PAUSE_MS);
    else if (kind === 'quota' || kind === 'auth') this.#pause.pause(kind, REFUSED_PAUSE_MS);
  }
}

/* PART: What the shadows of an upstream advise. */

/** Fewer mirrored calls advise nothing. */
const MIN_CALLS = 30;
/** How much more often than stable an upstream may fail before it is to be raised, and before it is to be stopped. */
const RAISE_ERROR_MARGIN = 0.01;
const STOP_ERROR_MARGIN = 0.05;
/** Two good models use half of their words in common on free text, and agree by more where the form is given. */
const RAISE_AGREEMENT = 0.5;
const STOP_AGREEMENT = 0.25;
/** Slower than so many times stable is to be looked at first. */
const MAX_LATENCY_RATIO = 1.5;

/** Advice for people: a rollout is decided by its guardrails, on evidence. */
export function advise(shadow: ShadowNumbers, stable: WindowSnapshot): ShadowAdvice {
  const { calls, successRate, agreement, compared } = shadow;
  if (calls < MIN_CALLS || successRate === null) return hold(`${calls} calls of the ${MIN_CALLS} that it takes`);
  const errorRate = 1 - successRate;
  const more = errorRate - (stable.errorRate ?? 0);
  const errors = `${percent(errorRate)} of calls fail, ${percent(stable.errorRate ?? 0)} on stable`;
  if (more > STOP_ERROR_MARGIN) return { recommend: 'stop', reason: errors };
  if (compared < MIN_CALLS || agreement === null)
    return hold(`${compared} comparisons of the ${MIN_CALLS} that it takes`);
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

/** 0 where there is nothing to compare with. */
function latencyRatio({ latencyMs: shadow }: ShadowNumbers, { latencyMs: stable }: WindowSnapshot): number {
  return shadow.p95 === null || !stable.p95 ? 0 : shadow.p95 / stable.p95;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
