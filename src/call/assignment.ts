/** Follows one call from its assignment to its end, and says once what it means for the assigned upstream. */

import type { AssignmentEnd, AssignmentRecord } from '../domain/assignment.ts';
import type { AttemptRecord, CallRecord, FailureKind } from '../domain/attempt.ts';
import type { SkipReason } from '../domain/call.ts';

/** Each method returns the record of the assignment as soon as its end is certain, and never a second one. */
export class Assignment {
  readonly upstream: string;
  readonly #stream: boolean;
  readonly #stable: string;
  /** The last attempt on the assigned upstream that has ended. */
  #last: AttemptRecord | undefined;
  /** Start of the first attempt on the assigned upstream. */
  #sinceMs = 0;
  #isOver = false;

  constructor(upstream: string, stream: boolean, stable: string) {
    this.upstream = upstream;
    this.#stream = stream;
    this.#stable = stable;
  }

  /** An attempt of the call has ended, on any upstream. */
  attempted(record: AttemptRecord): void {
    if (record.upstream !== this.upstream) return;
    if (!this.#last || record.startedAtMs < this.#sinceMs) this.#sinceMs = record.startedAtMs;
    this.#last = record;
  }

  /** The call goes from the assigned upstream to another one. A refusal waits for what the other one says. */
  left(reason: FailureKind | SkipReason, atMs: number): AssignmentRecord | undefined {
    const last = this.#last;
    if (!last) return this.#close(PASSED_OVER[reason as SkipReason] ?? 'failed', atMs);
    return last.outcome === 'failure' ? this.#close('failed', atMs) : undefined;
  }

  over(call: CallRecord): AssignmentRecord | undefined {
    return this.#close(this.#endOf(call), call.startedAtMs + call.latencyMs);
  }

  #endOf({ outcome, upstream, kind }: CallRecord): AssignmentEnd {
    const last = this.#last;
    if (outcome === 'success') {
      if (upstream === this.upstream) return 'answered';
      if (!last || last.outcome === 'aborted' || last.outcome === 'success') return last ? 'overtaken' : 'neutral';
      if (last.outcome === 'failure') return 'failed';
      // What a third upstream serves, stable might have refused as well.
      return last.kind === 'contentFilter' || upstream !== this.#stable ? 'neutral' : 'refused';
    }
    if (outcome === 'aborted') return 'aborted';
    if (last) return last.outcome === 'failure' ? 'failed' : 'neutral';
    // Without any attempt, a failure is that of an open breaker, or of the user's own limits; a neutral end is that of a budget.
    return outcome === 'failure' && kind === undefined ? 'breaker' : 'heldBack';
  }

  #close(end: AssignmentEnd, atMs: number): AssignmentRecord | undefined {
    if (this.#isOver) return undefined;
    this.#isOver = true;
    const last = this.#last;
    const sinceMs = this.#sinceMs;
    const firstChunkMs = last?.firstChunkMs;
    return {
      upstream: this.upstream,
      end,
      atMs,
      stream: this.#stream,
      latencyMs: last ? last.startedAtMs + last.latencyMs - sinceMs : 0,
      firstChunkMs: last && firstChunkMs !== undefined ? last.startedAtMs + firstChunkMs - sinceMs : undefined,
      costUsd: last?.cost.costUsd ?? null,
    };
  }
}

/** What it means that an upstream was passed over before any attempt. */
const PASSED_OVER: Readonly<Record<SkipReason, AssignmentEnd>> = {
  breaker: 'breaker',
  down: 'failed',
  rateLimit: 'pause',
  quota: 'pause',
  auth: 'pause',
  limit: 'heldBack',
  budget: 'heldBack',
  model: 'neutral',
  capability: 'neutral',
  cost: 'heldBack',
  price: 'heldBack',
  rolledBack: 'neutral',
};
