/** Judged calls in flight. */

import { InFlight, type InFlightEntry } from '../domain/in-flight.ts';
import type { RolloutSample } from './rollout-runner.ts';

/** A call that one or more rollouts are judged by. */
export interface SampledCall {
  readonly upstream: string;
  readonly atMs: number;
  readonly parts: readonly RolloutSample[];
  /** A second upstream was asked in parallel, so the first attempt may be aborted in its favour. */
  hedged: boolean;
  /** Set until the first attempt has ended. */
  place: InFlightEntry<SampledCall> | undefined;
}

/** Limits the memory if calls never end. */
const MAX_CALLS = 50_000;

export class PendingCalls {
  readonly #calls = new InFlight<SampledCall>();

  add(call: SampledCall): void {
    call.place = this.#calls.begin(call);
    if (this.#calls.size > MAX_CALLS && this.#calls.oldest) this.remove(this.#calls.oldest);
  }

  /** Returns whether the call was in flight. */
  remove(call: SampledCall): boolean {
    const { place } = call;
    call.place = undefined;
    if (place) this.#calls.end(place);
    return place !== undefined;
  }

  /** Shows calls that have run for more than `overdueMs` to the rollouts that they are judged by. */
  look(nowMs: number, overdueMs: number): void {
    for (const { atMs, parts } of this.#calls) {
      // The calls are in order of age, so the rest are younger.
      if (nowMs - atMs <= overdueMs) return;
      for (const part of parts) part.rollout.running(part, nowMs - atMs);
    }
  }
}
