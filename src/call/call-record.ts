/** Records what happens to one call, and reports each attempt and the call when they end. */

import type {
  AttemptReason,
  AttemptRecord,
  CallLedger,
  CallRecord,
  Delivery,
  FailureKind,
  Outcome,
} from '../domain/attempt.ts';
import type { AssignmentRecord } from '../domain/assignment.ts';
import type { Call } from '../domain/call.ts';
import type { FallbackEvent, HedgeEvent, RetryEvent } from '../domain/events.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';
import { Assignment } from './assignment.ts';
import type { CallObserver } from './call-observer.ts';
import type { Pricing, StartedAttempt } from '../upstream/upstream-costs.ts';

export class CallRecorder {
  readonly call: Call;
  readonly ledger: CallLedgerBuilder;
  readonly #assignment: Assignment;
  readonly #observer: CallObserver;
  readonly #pricing: Pricing;
  /** The upstream of each started attempt, by its index. */
  #startedOn: readonly string[] = [];
  #retries = 0;
  #fallbacks = 0;
  /** Index of the attempt whose answer the caller got. */
  #answeredBy: number | undefined;
  /** What rollouts keep of the call; `undefined` if they are not judged by it. */
  judged: unknown;
  /** The mirrored call, if copies are sent. It gets the outcome and the attempt that served the call, if one did. */
  mirrored: { over(outcome: Outcome, served: AttemptRecord | undefined): void } | undefined;

  constructor(call: Call, assigned: string, observer: CallObserver, pricing: Pricing) {
    this.call = call;
    this.ledger = new CallLedgerBuilder(call.id);
    this.#assignment = new Assignment(assigned, call.stream);
    this.#observer = observer;
    this.#pricing = pricing;
  }

  /** Attempts that have ended. */
  get attempts(): readonly AttemptRecord[] {
    return [...this.ledger.attempts];
  }

  /** The number of attempts that have started. */
  get started(): number {
    return this.#startedOn.length;
  }

  /** The upstreams of attempts that have not ended. */
  get inFlight(): readonly string[] {
    return this.#startedOn.filter((_, started) => !this.ledger.attempts.some(({ index }) => index === started));
  }

  start(upstream: string, reason: AttemptReason, model: string | undefined, startedAtMs: number): StartedAttempt {
    const index = this.started;
    this.#startedOn = index === 0 ? [upstream] : [...this.#startedOn, upstream];
    return { upstream, index, reason, model, startedAtMs };
  }

  retry(event: Omit<RetryEvent, 'callId'>): void {
    this.#retries += 1;
    this.#observer.retry({ callId: this.call.id, ...event });
  }

  fallback(event: Omit<FallbackEvent, 'callId'>): void {
    this.#fallbacks += 1;
    this.#observer.fallback({ callId: this.call.id, ...event });
    if (event.from === this.#assignment.upstream)
      this.#reportAssignment(this.#assignment.left(event.reason, event.atMs));
  }

  hedge(event: Omit<HedgeEvent, 'callId'>): void {
    this.#observer.hedge({ callId: this.call.id, ...event });
  }

  shadow(record: AttemptRecord): void {
    this.ledger.addShadow(record);
  }

  /** The caller got its answer. The call is over when that attempt has ended. */
  answered(attemptIndex: number): void {
    this.#answeredBy = attemptIndex;
    this.#finishIfOver();
  }

  /** No upstream served the call. */
  gaveUp(outcome: Outcome, kind: FailureKind | undefined, atMs: number): void {
    const last = this.ledger.attempts.at(-1);
    this.mirrored?.over(outcome, undefined);
    if (last) this.#finish({ ...last, outcome, kind, latencyMs: atMs - last.startedAtMs });
    else this.#report(this.#record({ upstream: this.#assignment.upstream, outcome, kind, atMs }));
  }

  /** An attempt has ended. `isSpare`: another attempt has answered the call. */
  end(started: StartedAttempt, end: AttemptEnd, isSpare = false): AttemptRecord {
    const isSecond = !end.failure && this.ledger.attempts.some(({ outcome }) => outcome === 'success');
    const record = attemptRecord(this.call, started, end, this.#pricing, isSpare || isSecond);
    this.ledger.add(record);
    this.#assignment.attempted(record);
    this.#observer.attempt(record, this.call);
    this.#finishIfOver();
    return record;
  }

  /** A call is over when the attempt that answered it has ended and the cost of all attempts is known, also of cancelled ones. */
  #finishIfOver(): void {
    const { attempts } = this.ledger;
    if (this.#answeredBy === undefined || attempts.length < this.started) return;
    const served = attempts.find(({ index }) => index === this.#answeredBy);
    if (!served) return;
    this.#finish(served);
    this.mirrored?.over(served.outcome, served);
  }

  #finish(last: AttemptRecord): void {
    const { upstream, outcome, kind, startedAtMs, latencyMs, firstChunkMs } = last;
    // The caller's wait includes the attempts before this one.
    const waitedMs = startedAtMs - this.call.startedAtMs;
    const firstChunk = firstChunkMs === undefined ? undefined : waitedMs + firstChunkMs;
    this.#report(this.#record({ upstream, outcome, kind, atMs: startedAtMs + latencyMs, firstChunkMs: firstChunk }));
  }

  /** The call is over, and with it its assignment. */
  #report(record: CallRecord): void {
    this.#reportAssignment(this.#assignment.over(record));
    this.#observer.call(record);
  }

  #reportAssignment(end: AssignmentRecord | undefined): void {
    if (end) this.#observer.assignment(end, this.judged);
  }

  #record(end: {
    upstream: string;
    outcome: Outcome;
    kind: FailureKind | undefined;
    atMs: number;
    firstChunkMs?: number | undefined;
  }): CallRecord {
    const { id, surface, stream, model, task, startedAtMs } = this.call;
    const { upstream, outcome, kind, atMs, firstChunkMs } = end;
    return {
      callId: id,
      surface,
      stream,
      model,
      task,
      startedAtMs,
      assigned: this.#assignment.upstream,
      upstream,
      outcome,
      kind,
      attempts: this.started,
      retries: this.#retries,
      fallbacks: this.#fallbacks,
      latencyMs: atMs - startedAtMs,
      firstChunkMs,
      costUsd: totalCostUsd(this.ledger.attempts),
    };
  }
}

/** The attempts of one call that have ended. An application that keeps the promise or the stream of a call keeps this, and nothing else of it. */
class CallLedgerBuilder {
  readonly #callId: number;
  #attempts: AttemptRecord[] | undefined;
  /** Attempts of copies of the call. */
  #shadows: AttemptRecord[] | undefined;

  constructor(callId: number) {
    this.#callId = callId;
  }

  get ledger(): CallLedger {
    return { callId: this.#callId, attempts: [...this.attempts, ...(this.#shadows ?? [])] };
  }

  get attempts(): readonly AttemptRecord[] {
    return this.#attempts ?? NO_ATTEMPTS;
  }

  add(record: AttemptRecord): void {
    // Most calls have one attempt. An empty list that gets one `push` allocates room for seventeen.
    if (this.#attempts) this.#attempts.push(record);
    else this.#attempts = [record];
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
    cost,
    stableCostUsd: isSpare ? 0 : stableCostUsd,
  };
}

/** What is known of the provider's work. A status means that it refused the work; without status and content it is unknown. */
function deliveryOf({ failure, partial }: AttemptEnd): Delivery {
  if (!failure) return 'dispatched';
  if (partial) return 'partial';
  return failure.status === undefined ? 'ambiguous' : 'rejected';
}

/** The sum of the known costs in USD; `null` if no cost is known. */
export function totalCostUsd(attempts: readonly AttemptRecord[]): number | null {
  let total: number | null = null;
  for (const { cost } of attempts) if (cost.costUsd !== null) total = (total ?? 0) + cost.costUsd;
  return total;
}
