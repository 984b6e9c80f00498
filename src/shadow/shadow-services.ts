/** What mirroring needs from the engine. */

import type { Call } from '../domain/call.ts';
import type { AttemptRecord } from '../domain/attempt.ts';
import type { Clock } from '../time/clock.ts';
import type { ShadowEvent } from '../domain/shadow.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Budgets } from '../budgets/budgets.ts';
import type { EstimateCostUsd, IsPriced, Pricing } from '../upstream/upstream-costs.ts';

/** Who is told. None of these may throw. */
export interface ShadowObserver {
  /** A copy has ended: its cost counts, nothing else of it does. */
  attempt(record: AttemptRecord, call: Call): void;
  /** Both sides of a mirrored call have ended. */
  shadow(event: ShadowEvent): void;
  /** Something of mirroring, or of the user's functions for it, failed; told once for each `topic`. */
  failed(topic: string, error: unknown): void;
}

export interface ShadowServices {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly stable: string;
  readonly salt: string;
  readonly windowMs: number;
  /** The longest wait for a chunk of a stream that has begun. */
  readonly idleMs: number;
  readonly pricing: Pricing;
  readonly estimateCostUsd: EstimateCostUsd;
  /** Those of all spending. */
  readonly budgets: Budgets | undefined;
  readonly isPriced: IsPriced | undefined;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly observer: ShadowObserver;
}
