/** How the assignment of a call to an upstream ended, whatever served the call. */

/**
 * The end of an assignment. Good: `answered`. Bad: `failed`, `breaker`, `pause`, `refused`. The others say nothing for or
 * against the upstream.
 *
 * - `answered`: the assigned upstream gave the answer.
 * - `failed`: its attempts failed or timed out, so another upstream served the call, or none.
 * - `breaker`: its breaker was open, so the call passed it over.
 * - `pause`: it was paused for a rate limit, a quota or rejected credentials.
 * - `refused`: it refused what stable then served.
 * - `overtaken`: a hedge answered first.
 * - `heldBack`: a limit or a budget of the user held the call back.
 * - `aborted`: the caller cancelled.
 * - `neutral`: the caller's own fault, a content filter, or an upstream that cannot serve such calls.
 */
export type AssignmentEnd =
  'answered' | 'failed' | 'breaker' | 'pause' | 'refused' | 'overtaken' | 'heldBack' | 'aborted' | 'neutral';

/** Whether an end counts against the upstream. */
export function isBadEnd(end: AssignmentEnd): boolean {
  return end === 'failed' || end === 'breaker' || end === 'pause' || end === 'refused';
}

/** An assignment that has ended. Latencies are those of the assigned upstream, with its retries, in ms. */
export interface AssignmentRecord {
  /** The upstream that the plan assigned. */
  readonly upstream: string;
  readonly end: AssignmentEnd;
  readonly atMs: number;
  readonly stream: boolean;
  /** From its first attempt to the end of its last; 0 without an attempt. */
  readonly latencyMs: number;
  /** From its first attempt to its first content; `undefined` without content. */
  readonly firstChunkMs: number | undefined;
  /** The cost of its last attempt in USD; `null` if unknown. */
  readonly costUsd: number | null;
}
