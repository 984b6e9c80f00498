/** The records of the attempts of one call. */

import type { AttemptRecord, CallLedger, Delivery } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';
import type { StartedAttempt, Pricing } from '../upstream/upstream-costs.ts';

/** The attempts of one call that have ended. An application that keeps the promise or the stream of a call keeps this, and nothing else of it. */
export class CallLedgerBuilder {
  readonly #callId: number;
  /** The upstream whose answer the caller got. */
  upstream: string | undefined;
  #attempts: AttemptRecord[] | undefined;
  /** Attempts of copies of the call. */
  #shadows: AttemptRecord[] | undefined;

  constructor(callId: number) {
    this.#callId = callId;
  }

  get ledger(): CallLedger {
    return { callId: this.#callId, upstream: this.upstream, attempts: [...this.attempts, ...(this.#shadows ?? [])] };
  }

  get attempts(): readonly AttemptRecord[] {
    return this.#attempts ?? NO_ATTEMPTS;
  }

  add(record: AttemptRecord): void {
    // Most calls have one attempt. An empty list that gets one `push` allocates room for seventeen.
    if (this.#attempts) this.#attempts.push(record);
    else this.#attempts = [record];
  }

  replace(record: AttemptRecord, settled: AttemptRecord): void {
    this.#attempts = this.#attempts?.map((each) => (each === record ? settled : each));
  }

  addShadow(record: AttemptRecord): void {
    (this.#shadows ??= []).push(record);
  }
}

const NO_ATTEMPTS: readonly AttemptRecord[] = [];

/** The record of an attempt that has ended. `isSpare`: another attempt answered the call, so this one saved nothing on stable. */
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
    requestedModel: started.model,
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
    ...(failure?.rejection !== undefined && { rejection: failure.rejection }),
    cost,
    stableCostUsd: isSpare ? 0 : stableCostUsd,
  };
}

/** What is known of the provider's work. A status means that it refused the work; without status and content it is unknown. */
function deliveryOf({ failure, partial }: AttemptEnd): Delivery {
  if (!failure || failure.rejection !== undefined) return 'dispatched';
  if (partial) return 'partial';
  return failure.status === undefined ? 'ambiguous' : 'rejected';
}

/** The sum of the known costs in USD; `null` if no cost is known. */
export function totalCostUsd(attempts: readonly AttemptRecord[]): number | null {
  let total: number | null = null;
  for (const { cost } of attempts) if (cost.costUsd !== null) total = (total ?? 0) + cost.costUsd;
  return total;
}
