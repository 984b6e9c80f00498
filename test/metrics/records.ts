/** Default records: a success on `openai` that took 100 ms. */

import type { AttemptRecord, CallRecord } from '../../src/domain/attempt.ts';

export function attemptRecord(changes: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    callId: 1,
    upstream: 'openai',
    index: 0,
    reason: 'first',
    surface: 'chat',
    stream: false,
    model: 'gpt-4.1',
    task: undefined,
    startedAtMs: 0,
    outcome: 'success',
    kind: undefined,
    phase: undefined,
    delivery: 'dispatched',
    status: 200,
    latencyMs: 100,
    firstChunkMs: undefined,
    usage: undefined,
    usageEstimated: false,
    cost: { costUsd: null, source: null },
    stableCostUsd: null,
    ...changes,
  };
}

export function callRecord(changes: Partial<CallRecord> = {}): CallRecord {
  return {
    callId: 1,
    surface: 'chat',
    stream: false,
    model: 'gpt-4.1',
    task: undefined,
    startedAtMs: 0,
    assigned: 'openai',
    upstream: 'openai',
    outcome: 'success',
    kind: undefined,
    attempts: 1,
    retries: 0,
    fallbacks: 0,
    latencyMs: 100,
    firstChunkMs: undefined,
    costUsd: null,
    ...changes,
  };
}
