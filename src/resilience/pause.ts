/** Keeps calls away from an upstream that refused them for now, as long as another can serve. */

import type { Clock } from '../time/clock.ts';

/** Why an upstream is paused. */
export type PauseKind = 'rateLimit' | 'quota' | 'auth';

/** Each kind has its own end, so that a short pause of one kind cannot hide a longer one of another. */
export class Pause {
  readonly #clock: Clock;
  readonly #untilMs: Record<PauseKind, number> = { auth: 0, quota: 0, rateLimit: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When the last pause ends, in ms since the Unix epoch; `null` when the upstream is not paused. */
  until(nowMs: number): number | null {
    const { auth, quota, rateLimit } = this.#untilMs;
    const latestMs = Math.max(auth, quota, rateLimit);
    return latestMs > nowMs ? latestMs : null;
  }

  /** The most serious reason that still holds; `null` when the upstream is not paused. */
  reason(nowMs: number): PauseKind | null {
    return MOST_SERIOUS_FIRST.find((kind) => this.#untilMs[kind] > nowMs) ?? null;
  }

  /** Pauses for `forMs` from now and returns when this kind of pause ends. A pause is never shortened. */
  pause(kind: PauseKind, forMs: number): number {
    return (this.#untilMs[kind] = Math.max(this.#untilMs[kind], this.#clock.now() + forMs));
  }

  /** Ends all pauses, after the upstream has answered. */
  clear(): void {
    for (const kind of MOST_SERIOUS_FIRST) this.#untilMs[kind] = 0;
  }
}

const MOST_SERIOUS_FIRST: readonly PauseKind[] = ['auth', 'quota', 'rateLimit'];
