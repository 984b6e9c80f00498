/** Keeps calls away from a model, or a whole upstream, that refused them for now, as long as another upstream can serve. */

import type { Clock } from '../time/clock.ts';
import type { Failure } from './failure.ts';

/** Why calls are kept away. */
export type PauseKind = 'rateLimit' | 'quota' | 'auth';

/** Each kind has its own end, so that a short pause of one kind cannot hide a longer one of another. */
export class Pause {
  readonly #clock: Clock;
  readonly #upstream: Pause | undefined;
  readonly #untilMs: Record<PauseKind, number> = { auth: 0, quota: 0, rateLimit: 0 };

  /**
   * @param upstream for the pause of one model: that of its whole upstream. A rate limit concerns the model; quota and credentials
   * concern the account, so they pause the upstream.
   */
  constructor(clock: Clock, upstream?: Pause) {
    this.#clock = clock;
    this.#upstream = upstream;
  }

  /** When the last pause ends, in ms since the Unix epoch; `null` when nothing is paused. */
  until(nowMs: number): number | null {
    const latestMs = Math.max(this.#latestMs, this.#upstream ? this.#upstream.#latestMs : 0);
    return latestMs > nowMs ? latestMs : null;
  }

  /** The most serious reason that still holds; `null` when nothing is paused. */
  reason(nowMs: number): PauseKind | null {
    const own = MOST_SERIOUS_FIRST.find((kind) => this.#untilMs[kind] > nowMs) ?? null;
    return this.#upstream?.reason(nowMs) ?? own;
  }

  /** Pauses for `forMs` from now and returns when this kind of pause ends. A pause is never shortened. */
  pause(kind: PauseKind, forMs: number): number {
    if (this.#upstream && kind !== 'rateLimit') return this.#upstream.pause(kind, forMs);
    return (this.#untilMs[kind] = Math.max(this.#untilMs[kind], this.#clock.now() + forMs));
  }

  /** Ends all pauses, those of the whole upstream too, after it has answered. */
  clear(): void {
    for (const kind of MOST_SERIOUS_FIRST) this.#untilMs[kind] = 0;
    this.#upstream?.clear();
  }

  get #latestMs(): number {
    const { auth, quota, rateLimit } = this.#untilMs;
    return Math.max(auth, quota, rateLimit);
  }
}

const MOST_SERIOUS_FIRST: readonly PauseKind[] = ['auth', 'quota', 'rateLimit'];

/** How long a refusal pauses what it concerns, in ms; `undefined` for a failure that pauses nothing. */
export function pauseMsAfter({ kind, retryAfterMs }: Pick<Failure, 'kind' | 'retryAfterMs'>): number | undefined {
  if (kind === 'rateLimit') return retryAfterMs ?? DEFAULT_PAUSE_MS;
  return kind === 'quota' || kind === 'auth' ? REFUSED_PAUSE_MS : undefined;
}

/** After a 429 that states no wait. */
const DEFAULT_PAUSE_MS = 1_000;
/** After a refusal for quota or credentials, which only people can fix. */
const REFUSED_PAUSE_MS = 300_000;
