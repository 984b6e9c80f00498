/** What has happened to one call so far, and the telling of it. */

import type { AttemptReason, AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { FallbackEvent, HedgeEvent, RetryEvent } from '../domain/events.ts';
import type { FailureKind, Outcome } from '../domain/outcome.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';
import { attemptRecord } from './attempt-record.ts';
import { CallAccount } from './call-account.ts';
import type { CallObserver, Pricing, StartedAttempt } from './call-observer.ts';
import { totalCostUsd } from './total-cost.ts';

export class CallProgress {
  readonly call: Call;
  readonly account: CallAccount;
  readonly #assigned: string;
  readonly #observer: CallObserver;
  readonly #pricing: Pricing;
  /** The upstream of each attempt begun, by its index. */
  #startedOn: readonly string[] = [];
  #retries = 0;
  #fallbacks = 0;
  /** Index of the attempt whose answer the caller has. */
  #answeredBy: number | undefined;
  /** What rollouts keep of the call, if it is evidence. */
  judged: unknown;
  /** Told how the call ended: the attempt that served it, if one did. */
  mirrored: { over(outcome: Outcome, served: AttemptRecord | undefined): void } | undefined;

  constructor(call: Call, assigned: string, observer: CallObserver, pricing: Pricing) {
    this.call = call;
    this.account = new CallAccount(call.id);
    this.#assigned = assigned;
    this.#observer = observer;
    this.#pricing = pricing;
  }

  /** Attempts that have ended. */
  get attempts(): readonly AttemptRecord[] {
    return [...this.account.attempts];
  }

  /** Attempts begun. */
  get started(): number {
    return this.#startedOn.length;
  }

  /** The upstreams of attempts that have not ended. */
  get underWay(): readonly string[] {
    return this.#startedOn.filter((_, begun) => !this.account.attempts.some(({ index }) => index === begun));
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
  }

  hedge(event: Omit<HedgeEvent, 'callId'>): void {
    this.#observer.hedge({ callId: this.call.id, ...event }, this.judged);
  }

  shadow(record: AttemptRecord): void {
    this.account.addShadow(record);
  }

  /** The caller has its answer: whatever its stream still does is the end of the call. */
  answered(attemptIndex: number): void {
    this.#answeredBy = attemptIndex;
    this.#finishIfOver();
  }

  /** No upstream served the call. */
  gaveUp(outcome: Outcome, kind: FailureKind | undefined, atMs: number): void {
    const last = this.account.attempts.at(-1);
    this.mirrored?.over(outcome, undefined);
    if (last) this.#finish({ ...last, outcome, kind, latencyMs: atMs - last.startedAtMs });
    else this.#observer.call(this.#record({ upstream: this.#assigned, outcome, kind, atMs }), this.judged);
  }

  /** `isSpare`: nobody waits for this attempt any more. */
  end(started: StartedAttempt, end: AttemptEnd, isSpare = false): AttemptRecord {
    const isSecond = !end.failure && this.account.attempts.some(({ outcome }) => outcome === 'success');
    const record = attemptRecord(this.call, started, end, this.#pricing, isSpare || isSecond);
    this.account.add(record);
    this.#observer.attempt(record, this.call, this.judged);
    this.#finishIfOver();
    return record;
  }

  /** A call is over when its answer is, and all that it cost is known: what was hung up on, too. */
  #finishIfOver(): void {
    const { attempts } = this.account;
    if (this.#answeredBy === undefined || attempts.length < this.started) return;
    const served = attempts.find(({ index }) => index === this.#answeredBy);
    if (!served) return;
    this.#finish(served);
    this.mirrored?.over(served.outcome, served);
  }

  #finish(last: AttemptRecord): void {
    const { upstream, outcome, kind, startedAtMs, latencyMs, firstChunkMs } = last;
    // The caller waited for the attempts before the last one, too.
    const waitedMs = startedAtMs - this.call.startedAtMs;
    const firstChunk = firstChunkMs === undefined ? undefined : waitedMs + firstChunkMs;
    this.#observer.call(
      this.#record({ upstream, outcome, kind, atMs: startedAtMs + latencyMs, firstChunkMs: firstChunk }),
      this.judged,
    );
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
      assigned: this.#assigned,
      upstream,
      outcome,
      kind,
      attempts: this.started,
      retries: this.#retries,
      fallbacks: this.#fallbacks,
      latencyMs: atMs - startedAtMs,
      firstChunkMs,
      costUsd: totalCostUsd(this.account.attempts),
    };
  }
}
