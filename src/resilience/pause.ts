/** An upstream that said "not now": it is passed over for a while, where another can serve. */

import type { Clock } from '../time/clock.ts';

/** Why an upstream is paused. */
export type PauseKind = 'rateLimit' | 'quota' | 'auth';

export interface Pause {
  /** When the upstream may be asked again, in ms since the Unix epoch; `null` when it may be asked now. */
  until(nowMs: number): number | null;
  /** The gravest reason that still holds; `null` when it may be asked now. */
  reason(nowMs: number): PauseKind | null;
  /** Pauses for `forMs` from now on, and says until when that kind now lasts. A pause is never shortened. */
  pause(kind: PauseKind, forMs: number): number;
  /** The upstream answered: all pauses are over. */
  clear(): void;
}

/** Every kind has an end of its own, so that a short pause of one kind cannot hide a longer one of another. */
export function createPause(clock: Clock): Pause {
  const untilMs: Record<PauseKind, number> = { auth: 0, quota: 0, rateLimit: 0 };

  function until(nowMs: number): number | null {
    const latestMs = Math.max(untilMs.auth, untilMs.quota, untilMs.rateLimit);
    return latestMs > nowMs ? latestMs : null;
  }

  return {
    until,
    reason: (nowMs) => GRAVEST_FIRST.find((kind) => untilMs[kind] > nowMs) ?? null,
    pause: (kind, forMs) => {
      untilMs[kind] = Math.max(untilMs[kind], clock.now() + forMs);
      return untilMs[kind];
    },
    clear: () => {
      for (const kind of GRAVEST_FIRST) untilMs[kind] = 0;
    },
  };
}

const GRAVEST_FIRST: readonly PauseKind[] = ['auth', 'quota', 'rateLimit'];
