/** Judged calls that have not ended yet. */

import { InFlight, type InFlightEntry } from '../domain/in-flight.ts';
import type { Arm } from '../stats/arm.ts';
import type { JudgedOutcome } from './arm-numbers.ts';

/** A call that is evidence. */
export interface SampledCall {
  readonly upstream: string;
  readonly atMs: number;
  readonly parts: readonly RolloutSample[];
  /** Another upstream was asked beside the first, which may be hung up on for it. */
  hedged: boolean;
  /** Until its first attempt has ended. */
  place: InFlightEntry<SampledCall> | undefined;
}

/** A call's part in one rollout, fixed when it was dispatched. */
export interface RolloutSample {
  readonly rollout: SampleReceiver;
  readonly arm: Arm;
  readonly share: number;
  /** The run of the rollout that it belongs to. */
  readonly run: number;
  /** It has run for so long that its latency is counted already. */
  overdue: boolean;
}

/** Who judges. */
export interface SampleReceiver {
  /** @param outcome `undefined` for a call that is no evidence after all */
  ended(part: RolloutSample, outcome: JudgedOutcome | undefined): void;
  recorded(part: RolloutSample, values: Readonly<Record<string, number>>): void;
  /** A call that still runs. */
  looked(part: RolloutSample, ageMs: number): void;
}

/** Calls that are kept in mind: a bound, should some never end. */
const MAX_CALLS = 50_000;

export class PendingCalls {
  readonly #calls = new InFlight<SampledCall>();

  keep(judged: SampledCall): void {
    judged.place = this.#calls.begin(judged);
    if (this.#calls.size > MAX_CALLS && this.#calls.oldest) this.take(this.#calls.oldest);
  }

  /** Whether the call was under way; now it is no more. */
  take(judged: SampledCall): boolean {
    const { place } = judged;
    judged.place = undefined;
    if (place) this.#calls.end(place);
    return place !== undefined;
  }

  /** Shows those older than `patienceMs` to who judges them. */
  look(nowMs: number, patienceMs: number): void {
    for (const { atMs, parts } of this.#calls) {
      // All after it are younger.
      if (nowMs - atMs <= patienceMs) return;
      for (const part of parts) part.rollout.looked(part, nowMs - atMs);
    }
  }
}
