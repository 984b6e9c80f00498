/** What goes into the ledger of an attempt that has ended. */

import type { AttemptRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';
import type { Pricing, StartedAttempt } from './call-observer.ts';
import { deliveryOf } from './delivery.ts';

/** `isSpare`: another attempt answered the call, so that this one cost, and saved nothing. */
export function attemptRecord(
  call: Call,
  started: StartedAttempt,
  end: AttemptEnd,
  pricing: Pricing,
  isSpare = false,
): AttemptRecord {
  const { upstream, index, reason, startedAtMs } = started;
  const { failure, atMs, firstChunkAtMs, usage } = end;
  const { cost, stableCostUsd } = pricing(started, end, call);
  return {
    callId: call.id,
    upstream,
    index,
    reason,
    surface: call.surface,
    stream: call.stream,
    model: end.model ?? started.model,
    task: call.task,
    startedAtMs,
    outcome: failure?.outcome ?? 'success',
    kind: failure?.kind,
    phase: failure?.phase,
    delivery: deliveryOf(end),
    status: failure?.status,
    latencyMs: atMs - startedAtMs,
    firstChunkMs: firstChunkAtMs === undefined ? undefined : firstChunkAtMs - startedAtMs,
    usage,
    usageEstimated: end.usageEstimated,
    brokenToolArguments: end.brokenToolArguments,
    cost,
    stableCostUsd: isSpare ? 0 : stableCostUsd,
  };
}
