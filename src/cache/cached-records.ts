/** The account of a call that was answered from the cache. */

import type { CallSource, CallServices } from '../call/call-services.ts';
import type { CallPlan } from '../call/plan-call.ts';
import type { AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { Answer } from '../upstream/attempt-types.ts';
import type { StoredAnswer } from './answer-store.ts';
import { replay } from './replay.ts';

/** An attempt that no upstream saw: it used no tokens and cost nothing, and what it would have cost on stable is saved. */
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

/** The call of that attempt. */
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

/* PART: Answers a call with what is kept, and accounts for it. */

/** A call on its way through the cache. */
export interface AskedCall {
  readonly call: Call;
  readonly plan: CallPlan;
  readonly source: CallSource;
}

export function giveStored(stored: StoredAnswer, { call, plan, source }: AskedCall, services: CallServices): Answer {
  const { clock, observer, upstreams, remember } = services;
  const upstream = upstreams.get(stored.upstream);
  if (!upstream) throw new RangeError(`No upstream is called ${stored.upstream}.`);
  const nowMs = clock.now();
  const attempt = cachedAttempt(call, stored, nowMs);
  source.mode.ledger = { ledger: { callId: call.id, attempts: [attempt] } };
  observer.cached(attempt, cachedCall(call, plan.assigned, stored, nowMs), call);
  // Who made it is remembered for a limited number of ids only.
  if (stored.responseId !== undefined) remember(stored.responseId, stored.upstream);
  return replay(stored, source.connect(upstream).client, source.options, nowMs);
}
