/** What mirroring needs from the engine. */

import type { Call } from '../domain/call.ts';
import type { AttemptRecord } from '../domain/attempt.ts';
import type { ShadowEvent } from '../domain/shadow.ts';
import type { CallServices } from '../call/call-services.ts';

/** Who is told. None of these may throw. */
export interface ShadowObserver {
  /** A copy has ended: its cost counts, nothing else of it does. */
  attempt(record: AttemptRecord, call: Call): void;
  /** Both sides of a mirrored call have ended. */
  shadow(event: ShadowEvent): void;
  /** Something of mirroring, or of the user's functions for it, failed; told once for each `topic`. */
  failed(topic: string, error: unknown): void;
}

/** The services of calls that mirroring uses, with its own observer and settings. */
export interface ShadowServices extends Pick<
  CallServices,
  'upstreams' | 'stable' | 'pricing' | 'estimateCostUsd' | 'budgets' | 'isPriced' | 'clock' | 'random'
> {
  readonly salt: string;
  readonly windowMs: number;
  /** The longest wait for a chunk of a stream that has begun. */
  readonly idleMs: number;
  readonly observer: ShadowObserver;
}
