/** An upstream that calls are mirrored to: who is chosen, when it is left alone, and what came of it. */

import type { Clock } from '../time/clock.ts';
import { createBucketer } from '../routing/bucket.ts';
import type { Failure } from '../resilience/failure.ts';
import { createPause, type Pause } from '../resilience/pause.ts';
import { ShadowWindow } from './shadow-window.ts';

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
    this.#pause = createPause(clock);
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
