/** The services that mirroring uses. */

import type { Call } from '../domain/call.ts';
import type { AttemptRecord } from '../domain/attempt.ts';
import type { CopyDrop, MirroredEnd, ShadowEvent } from '../domain/shadow.ts';
import type { CallServices } from '../call/call-services.ts';

/** Receives the results of mirroring. The methods must not throw. */
export interface ShadowObserver {
  /** A copy has ended. Only its cost counts. */
  attempt(record: AttemptRecord, call: Call): void;
  /** A call that is assigned to `assigned` is copied to `upstream`. Returns what rollouts keep of the copy. */
  copied(upstream: string, assigned: string): unknown;
  /** The copy and the first attempt of its call have ended. `judged` is what `copied` returned. */
  paired(judged: unknown, end: MirroredEnd): void;
  /** The user's bounds kept the copy from being sent. */
  dropped(judged: unknown, reason: CopyDrop): void;
  /** Both answers agree by this much, 0–1. */
  agreed(judged: unknown, agreement: number): void;
  /** Both sides of a mirrored call have ended. */
  shadow(event: ShadowEvent): void;
  /** Mirroring or a user function failed; reported once per `topic`. */
  failed(topic: string, error: unknown): void;
}

/** The services of calls that mirroring uses, with its own observer and settings. */
export interface ShadowServices extends Pick<
  CallServices,
  'upstreams' | 'stable' | 'policy' | 'pricing' | 'estimateCostUsd' | 'budgets' | 'isPriced' | 'clock' | 'random'
> {
  readonly salt: string;
  readonly windowMs: number;
  /** The longest gap between two chunks of a stream, in ms. */
  readonly idleMs: number;
  readonly observer: ShadowObserver;
}
