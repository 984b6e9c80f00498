/** Tells how an attempt ended. */

import type { AttemptEnd, AttemptInput } from './attempt-types.ts';

/** A caller that came late for its answer does not make the upstream slow: its delay counts in no latency. */
export function tellEnd(input: AttemptInput, end: AttemptEnd): void {
  const { lateMs } = input;
  if (!lateMs) return input.onEnd(end);
  const firstChunkAtMs = end.firstChunkAtMs === undefined ? undefined : end.firstChunkAtMs - lateMs;
  input.onEnd({ ...end, atMs: end.atMs - lateMs, firstChunkAtMs });
}
