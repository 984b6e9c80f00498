/** Answers a call from the cache, and records it in ledger and events. */

import type { CallSource, CallServices } from '../call/call-services.ts';
import type { CallPlan } from '../call/call-plan.ts';
import type { AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { Answer } from '../upstream/attempt-types.ts';
import type { StoredAnswer } from './answer-store.ts';
import { replay } from './replay.ts';

/** A call with its plan and its source. */
export interface RoutedCall {
  readonly call: Call;
  readonly plan: CallPlan;
  readonly source: CallSource;
}

/** Replays the stored answer and records an attempt and a call that cost nothing. */
export function answerFromCache(
  stored: StoredAnswer,
  { call, plan, source }: RoutedCall,
  services: CallServices,
): Answer {
  const { clock, observer, upstreams, remember } = services;
  const upstream = upstreams.get(stored.upstream);
  if (!upstream) throw new RangeError(`Unknown upstream ${stored.upstream}`);
  const nowMs = clock.now();
  const attempt = cachedAttempt(call, stored, nowMs);
  source.mode.ledger = { ledger: { callId: call.id, upstream: stored.upstream, attempts: [attempt] } };
  const record = cachedCall(call, plan.assigned, stored, nowMs);
  observer.cached(attempt, record, call);
  source.trace?.end(record);
  // The owner of a response id is remembered only for a limited number of ids, so it is renewed here.
  if (stored.responseId !== undefined) remember(stored.responseId, stored.upstream);
  return replay(stored, source.connect(upstream).client, source.options, nowMs);
}

/** An attempt that reached no upstream. It uses no tokens and costs nothing; what it would have cost on stable counts as saved. */
function cachedAttempt(call: Call, stored: StoredAnswer, atMs: number): AttemptRecord {
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

/** The record of a call with that attempt only. */
function cachedCall(call: Call, assigned: string, { upstream }: StoredAnswer, atMs: number): CallRecord {
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
