/** Judged calls that have not ended yet. */

import type { Arm } from './stats/arm.ts';
import type { JudgedOutcome } from './rollout/call-values.ts';

/** A call that is evidence. */
export interface JudgedCall {
  readonly upstream: string;
  readonly atMs: number;
  readonly parts: readonly JudgedPart[];
  /** Another upstream was asked beside the first, which may be hung up on for it. */
  hedged: boolean;
}

/** A call's part in one rollout, fixed when it was dispatched. */
export interface JudgedPart {
  readonly rollout: Judging;
  readonly arm: Arm;
  readonly share: number;
  /** The run of the rollout that it belongs to. */
  readonly run: number;
  /** It has run for so long that its latency is counted already. */
  overdue: boolean;
}

/** Who judges. */
export interface Judging {
  /** @param outcome `undefined` for a call that is no evidence after all */
  ended(part: JudgedPart, outcome: JudgedOutcome | undefined): void;
  recorded(part: JudgedPart, values: Readonly<Record<string, number>>): void;
  /** A call that still runs. */
  looked(part: JudgedPart, ageMs: number): void;
}

/** Calls that are kept in mind: a bound, should some never end. */
const MAX_CALLS = 50_000;

export class CallsUnderWay {
  /** By number, the oldest first. */
  readonly #calls = new Map<number, JudgedCall>();

  keep(callId: number, judged: JudgedCall): void {
    this.#calls.set(callId, judged);
    if (this.#calls.size <= MAX_CALLS) return;
    const [oldest] = this.#calls.keys();
    if (oldest !== undefined) this.#calls.delete(oldest);
  }

  /** The call, which is under way no more. */
  take(callId: number): JudgedCall | undefined {
    const judged = this.#calls.get(callId);
    if (judged) this.#calls.delete(callId);
    return judged;
  }

  hedged(callId: number): void {
    const judged = this.#calls.get(callId);
    if (judged) judged.hedged = true;
  }

  /** Shows those older than `patienceMs` to who judges them. */
  look(nowMs: number, patienceMs: number): void {
    for (const { atMs, parts } of this.#calls.values()) {
      // All after it are younger.
      if (nowMs - atMs <= patienceMs) return;
      for (const part of parts) part.rollout.looked(part, nowMs - atMs);
    }
  }
}
