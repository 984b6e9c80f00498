/** The terms of an attempt: how long it may take, and how its answer is judged. */

import type { AnswerJudge } from '../upstream/attempt-types.ts';
import { StreamInterruptedError } from '../domain/errors.ts';
import { startTimeLimit, type PhaseBudget, type TimeLimit } from '../resilience/time-limit.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { CallRun } from './call-state.ts';

/** What an attempt's time is bounded by, beside the call and its upstream. */
interface AttemptTerms {
  /** The caller's. */
  readonly signal: AbortSignal | null | undefined;
  readonly cancellable: boolean;
  readonly nowMs: number;
}

/**
 * The SDK's own time-out bounds the first attempt of a call that is no stream, unless something of ours is shorter, or the
 * attempt may have to be `cancellable` by us.
 */
export function limitOf(
  run: CallRun,
  upstream: Upstream,
  { signal, cancellable, nowMs }: AttemptTerms,
): TimeLimit | undefined {
  const { call, deadlineMs, source } = run;
  const { clock, policy } = run.parts;
  const { timeoutMs } = upstream.config;
  const isFirst = run.progress.started === 1 && !run.hasWaited;
  if (isFirst && !call.stream && timeoutMs === undefined && deadlineMs >= source.timeoutMs) {
    return cancellable
      ? startTimeLimit({ clock, nowMs, signal, attempt: undefined, remainingMs: Infinity, deadlineMs })
      : undefined;
  }
  const attempt = call.stream ? firstChunkOf(policy.firstChunkMs, timeoutMs) : headersOf(timeoutMs);
  const deadlineHolds = policy.deadlineMs !== undefined;
  const remainingMs = call.startedAtMs + deadlineMs - nowMs;
  return startTimeLimit({ clock, nowMs, signal, attempt, remainingMs, deadlineMs, deadlineHolds });
}

export function judgeOf(run: CallRun, upstream: Upstream): AnswerJudge {
  const { policy } = run.parts;
  return {
    idleMs: policy.idleMs,
    bufferBytes: (run.call.streamMode ?? policy.streamMode) === 'buffered' ? policy.maxBufferBytes : undefined,
    drains: upstream.config.drains,
    interrupted: (partial, cause) => {
      const { attempts } = run.progress;
      return new StreamInterruptedError({ ...partial, upstream: upstream.name, attempts }, cause);
    },
  };
}

function firstChunkOf(firstChunkMs: number, timeoutMs: number | undefined): PhaseBudget {
  return { phase: 'firstChunk', budgetMs: Math.min(firstChunkMs, timeoutMs ?? Infinity) };
}

function headersOf(timeoutMs: number | undefined): PhaseBudget | undefined {
  return timeoutMs === undefined ? undefined : { phase: 'headers', budgetMs: timeoutMs };
}
