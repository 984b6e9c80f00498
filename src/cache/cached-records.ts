/** The account of a call that was answered from the cache. */

import type { AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { StoredAnswer } from './answer-store.ts';

/** An attempt that no upstream saw: it used no tokens and cost nothing, and what it would have cost on stable is saved. */
export function cachedAttempt(call: Call, stored: StoredAnswer, atMs: number): AttemptRecord {
  const { id: callId, surface, stream, task } = call;
  const { upstream, model, status, savedUsd } = stored;
  return {
    callId,
    upstream,
    index: 0,
    reason: 'first',
    surface,
    stream,
    model,
    task,
    startedAtMs: atMs,
    outcome: 'success',
    kind: undefined,
    phase: undefined,
    delivery: 'cached',
    status,
    latencyMs: 0,
    firstChunkMs: undefined,
    usage: undefined,
    usageEstimated: false,
    cost: { costUsd: 0, source: 'cached' },
    stableCostUsd: savedUsd,
  };
}

/** The call of that attempt. */
export function cachedCall(call: Call, assigned: string, { upstream }: StoredAnswer, atMs: number): CallRecord {
  const { id: callId, surface, stream, model, task, startedAtMs } = call;
  return {
    callId,
    surface,
    stream,
    model,
    task,
    startedAtMs,
    assigned,
    upstream,
    outcome: 'success',
    kind: undefined,
    attempts: 1,
    retries: 0,
    fallbacks: 0,
    latencyMs: atMs - startedAtMs,
    firstChunkMs: undefined,
    costUsd: 0,
    cached: true,
  };
}
