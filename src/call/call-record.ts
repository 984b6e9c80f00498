/** Records what happens to one call, and reports each attempt and the call when they end. */

import type { AttemptReason, AttemptRecord, CallRecord, FailureKind, Outcome } from '../domain/attempt.ts';
import type { AssignmentRecord } from '../domain/assignment.ts';
import type { Call } from '../domain/call.ts';
import type { FallbackEvent, HedgeEvent, RetryEvent } from '../domain/events.ts';
import type { AttemptOrigin, AttemptTrace, CallTrace } from '../domain/trace.ts';
import type { Permit } from '../resilience/breaker.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';
import { Assignment } from './assignment.ts';
import type { CallObserver } from './call-observer.ts';
import type { Pricing, StartedAttempt } from '../upstream/upstream-costs.ts';
import { attemptRecord, CallLedgerBuilder, totalCostUsd } from './attempt-record.ts';

/** A refusal that is reported when it is known whether another upstream served the call. */
interface HeldRefusal {
  readonly record: AttemptRecord;
  readonly permit: Permit | undefined;
  readonly trace: AttemptTrace | undefined;
}

/** Where a recorder reports to, and what prices its attempts. */
interface RecorderServices {
  readonly observer: CallObserver;
  readonly pricing: Pricing;
}

const NO_REFUSALS: readonly HeldRefusal[] = [];

export class CallRecorder {
  readonly call: Call;
  readonly ledger: CallLedgerBuilder;
  readonly #stable: string;
  readonly #trace: CallTrace | undefined;
  readonly #assignment: Assignment;
  readonly #observer: CallObserver;
  readonly #pricing: Pricing;
  /** The upstream of each started attempt, by its index. */
  #startedOn: readonly string[] = [];
  #retries = 0;
  #fallbacks = 0;
  #refusals: readonly HeldRefusal[] = NO_REFUSALS;
  /** Index of the attempt whose answer the caller got. */
  #answeredBy: number | undefined;
  /** What rollouts keep of the call; `undefined` if they are not judged by it. */
  judged: unknown;
  /** Why the latest fallback or hedge was made. */
  movedFrom: AttemptOrigin | undefined;
  /** The mirrored call, if copies are sent. It gets the outcome, the attempt that served the call if one did, and the first attempt. */
  mirrored:
    { over(outcome: Outcome, served: AttemptRecord | undefined, first: AttemptRecord | undefined): void } | undefined;

  /** @param stable whose service of a call shows that another upstream refused it by its own fault */
  constructor(
    call: Call,
    assigned: string,
    { observer, pricing }: RecorderServices,
    trace?: CallTrace,
    stable = assigned,
  ) {
    this.call = call;
    this.ledger = new CallLedgerBuilder(call.id);
    this.#stable = stable;
    this.#assignment = new Assignment(assigned, call.stream, stable);
    this.#observer = observer;
    this.#pricing = pricing;
    this.#trace = trace;
  }

  /** Attempts that have ended. */
  get attempts(): readonly AttemptRecord[] {
    return [...this.ledger.attempts];
  }

  /** The number of attempts that have started. */
  get started(): number {
    return this.#startedOn.length;
  }

  /** The number of attempts that have started on an upstream. */
  startedOn(upstream: string): number {
    return this.#startedOn.filter((name) => name === upstream).length;
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
    this.movedFrom = { upstream: event.from, reason: event.reason };
    this.#observer.fallback({ callId: this.call.id, ...event });
    if (event.from === this.#assignment.upstream)
      this.#reportAssignment(this.#assignment.left(event.reason, event.atMs));
  }

  hedge(event: Omit<HedgeEvent, 'callId'>): void {
    this.movedFrom = { upstream: event.from, reason: 'slow' };
    this.#observer.hedge({ callId: this.call.id, ...event });
  }

  shadow(record: AttemptRecord): void {
    this.ledger.addShadow(record);
  }

  /** The caller got its answer. The call is over when that attempt has ended. */
  answered(attemptIndex: number): void {
    this.#answeredBy = attemptIndex;
    this.ledger.upstream = this.#startedOn[attemptIndex];
    this.#finishIfOver();
  }

  /** No upstream served the call. */
  gaveUp(outcome: Outcome, kind: FailureKind | undefined, atMs: number): void {
    const last = this.ledger.attempts.at(-1);
    this.mirrored?.over(outcome, undefined, this.#first);
    if (last) this.#finish({ ...last, outcome, kind, latencyMs: atMs - last.startedAtMs });
    else this.#report(this.#record({ upstream: this.#assignment.upstream, outcome, kind, atMs }));
  }

  /** An attempt has ended. `isSpare`: another attempt has answered the call. */
  end(started: StartedAttempt, end: AttemptEnd, isSpare = false): AttemptRecord {
    if (!end.failure) this.settleRefusals(started.upstream === this.#stable ? 'failure' : 'neutral');
    else if (end.failure.outcome === 'neutral') this.settleRefusals('neutral');
    const record = this.#add(started, end, isSpare);
    this.#observer.attempt(record, this.call);
    started.trace?.end(record);
    this.#finishIfOver();
    return record;
  }

  /**
   * An upstream refused the request, and another one gets it now. The refusal is the upstream's failure if stable serves the call, and neutral
   * if not: what a third upstream serves, stable might have refused as well. So the attempt is reported when that is known.
   */
  endRefused(started: StartedAttempt, end: AttemptEnd, permit: Permit | undefined): AttemptRecord {
    const record = this.#add(started, end, false);
    started.trace?.hold();
    this.#refusals = [...this.#refusals, { record, permit, trace: started.trace }];
    return record;
  }

  /** Reports the refusals that were held back. `failure`: stable served the call. */
  settleRefusals(outcome: 'failure' | 'neutral'): void {
    const refusals = this.#refusals;
    if (refusals.length === 0) return;
    this.#refusals = NO_REFUSALS;
    for (const { record, permit, trace } of refusals) {
      const settled: AttemptRecord = { ...record, outcome };
      this.ledger.replace(record, settled);
      permit?.settle(outcome);
      this.#observer.attempt(settled, this.call);
      trace?.end(settled);
    }
  }

  get #first(): AttemptRecord | undefined {
    return this.ledger.attempts.find(({ index }) => index === 0);
  }

  #add(started: StartedAttempt, end: AttemptEnd, isSpare: boolean): AttemptRecord {
    const isSecond = !end.failure && this.ledger.attempts.some(({ outcome }) => outcome === 'success');
    const record = attemptRecord(this.call, started, end, this.#pricing, isSpare || isSecond);
    this.ledger.add(record);
    this.#assignment.attempted(record);
    return record;
  }

  /** A call is over when the attempt that answered it has ended and the cost of all attempts is known, also of cancelled ones. */
  #finishIfOver(): void {
    const { attempts } = this.ledger;
    if (this.#answeredBy === undefined || attempts.length < this.started) return;
    const served = attempts.find(({ index }) => index === this.#answeredBy);
    if (!served) return;
    this.#finish(served);
    this.mirrored?.over(served.outcome, served, this.#first);
  }

  #finish(last: AttemptRecord): void {
    this.settleRefusals('neutral');
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
    this.#trace?.end(record);
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
