/** Records the results of attempts and calls: in windows, ledger and rollouts, as events, and as pauses of upstreams. */

import type { CallObserver } from '../call/call-observer.ts';
import type { CallServices } from '../call/call-services.ts';
import type { AssignmentRecord } from '../domain/assignment.ts';
import type { AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { FallbackEvent, HedgeEvent, RateLimitEvent, RetryEvent } from '../domain/events.ts';
import type { CopyDrop, MirroredEnd, ShadowEvent } from '../domain/shadow.ts';
import type { Emitter } from '../events/emitter.ts';
import { errorName, type Warnings } from '../events/warnings.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { CostEntry } from '../ledger/sums.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { Failure } from '../resilience/failure.ts';
import type { ModelState } from '../resilience/model-states.ts';
import type { ShadowObserver } from '../shadow/shadow-services.ts';
import type { Clock } from '../time/clock.ts';
import type { SharedHints } from './shared-hints.ts';

/** Where results are recorded. */
export interface Observed {
  readonly recorder: Recorder;
  readonly costs: Ledger;
  readonly emitter: Emitter;
  readonly warnings: Warnings;
  readonly clock: Clock;
  readonly rollouts?: (JudgedCalls & CallServices['rollouts']) | undefined;
  /** Tells other processes of refusals, where there is a store. */
  readonly hints?: Pick<SharedHints, 'refused' | 'breakerChanged'> | undefined;
}

/** Receives the calls that rollouts are judged by. `judged` is what `dispatched` returned for the call. */
interface JudgedCalls {
  ended(record: AssignmentRecord, judged: unknown): void;
  /** `judged` is what `copied` returned for the copy. */
  copied(upstream: string, assigned: string): unknown;
  copyEnded(judged: unknown, end: MirroredEnd): void;
  copyDropped(judged: unknown, reason: CopyDrop): void;
  copyAgreed(judged: unknown, agreement: number): void;
}

export class ResultRecorder implements CallObserver {
  readonly #observed: Observed;
  readonly #refusals: Refusals;

  constructor(observed: Observed) {
    this.#observed = observed;
    this.#refusals = new Refusals(observed);
  }

  attempt(record: AttemptRecord, call: Call): void {
    const { recorder, costs, emitter } = this.#observed;
    costs.add(costEntry(record, call));
    if (record.reason !== 'probe') {
      recorder.attempt(record);
      if (record.outcome === 'success') this.#refusals.resolve(record.upstream);
      if (record.kind === 'modelNotFound') warnOfModel(record, this.#observed);
    }
    if (emitter.wants('attempt')) emitter.emit('attempt', record);
  }

  assignment(record: AssignmentRecord, judged: unknown): void {
    const { recorder, rollouts } = this.#observed;
    recorder.assignment(record);
    rollouts?.ended(record, judged);
  }

  call(record: CallRecord): void {
    const { recorder, emitter } = this.#observed;
    recorder.call(record);
    if (emitter.wants('call')) emitter.emit('call', record);
  }

  metered(record: AttemptRecord): void {
    const { upstream, startedAtMs, latencyMs, model, task } = record;
    const atMs = startedAtMs + latencyMs;
    const nothing = { costUsd: null, stableCostUsd: null, usage: undefined };
    this.#observed.costs.add({ upstream, atMs, ...nothing, model, task, attempts: 0, unpriced: -1 });
  }

  cached(attempt: AttemptRecord, record: CallRecord, call: Call): void {
    const { costs, emitter } = this.#observed;
    costs.add(costEntry(attempt, call));
    if (emitter.wants('attempt')) emitter.emit('attempt', attempt);
    if (emitter.wants('call')) emitter.emit('call', record);
  }

  retry(event: RetryEvent): void {
    this.#observed.emitter.emit('retry', event);
  }

  fallback(event: FallbackEvent): void {
    this.#observed.emitter.emit('fallback', event);
  }

  hedge(event: HedgeEvent): void {
    this.#observed.emitter.emit('hedge', event);
  }

  full(event: RateLimitEvent): void {
    this.#observed.emitter.emit('rateLimit', event);
  }

  refused(upstream: string, model: ModelState, failure: Failure): void {
    this.#refusals.refused(upstream, model, failure, this.#observed.clock.now());
  }

  missesFinishReason(upstream: string): void {
    const { warnings, clock } = this.#observed;
    const rest = 'such answers count as complete unless capabilities.finishReason is true';
    const message = `Upstream ${upstream} ends streams with [DONE] and no finish_reason: ${rest}`;
    warnings.once(`finishReason ${upstream}`, { code: 'finishReason', message, atMs: clock.now() });
  }

  acceptFailed(problem: string): void {
    const { warnings, clock } = this.#observed;
    const message = `accept ${problem}: the answer was accepted`;
    warnings.once(message, { code: 'accept', message, atMs: clock.now() });
  }
}

/** Records copies of calls: their cost and their events. Windows, breakers and pauses belong to real calls. */
export class ShadowResultRecorder implements ShadowObserver {
  readonly #observed: Observed;

  constructor(observed: Observed) {
    this.#observed = observed;
  }

  attempt(record: AttemptRecord, call: Call): void {
    const { costs, emitter } = this.#observed;
    costs.add(costEntry(record, call));
    if (emitter.wants('attempt')) emitter.emit('attempt', record);
  }

  copied(upstream: string, assigned: string): unknown {
    return this.#observed.rollouts?.copied(upstream, assigned);
  }

  paired(judged: unknown, end: MirroredEnd): void {
    this.#observed.rollouts?.copyEnded(judged, end);
  }

  dropped(judged: unknown, reason: CopyDrop): void {
    this.#observed.rollouts?.copyDropped(judged, reason);
  }

  agreed(judged: unknown, agreement: number): void {
    this.#observed.rollouts?.copyAgreed(judged, agreement);
  }

  shadow(event: ShadowEvent): void {
    const { emitter } = this.#observed;
    if (emitter.wants('shadow')) emitter.emit('shadow', event);
  }

  failed(topic: string, error: unknown): void {
    const { warnings, clock } = this.#observed;
    const message = `${topic} failed: ${errorName(error)}`;
    warnings.once(`shadow: ${topic}`, { code: 'shadow', message, atMs: clock.now() });
  }
}

/** The entry of an attempt in the ledger. A key that was made from the conversation is left out: no report asks for it. */
function costEntry(record: AttemptRecord, { key, keySource, paid }: Call): CostEntry {
  const { upstream, startedAtMs, latencyMs, cost, stableCostUsd, usage, model, task } = record;
  const atMs = startedAtMs + latencyMs;
  const reportedKey = keySource === 'conversation' ? undefined : key;
  const entry = { upstream, atMs, costUsd: cost.costUsd, stableCostUsd, usage, model, task, key: reportedKey };
  if (cost.missing) return { ...entry, incomplete: true };
  // A success that is billed and has no usage, such as a file of speech or a response in the background, is not free.
  const isBilled = paid !== undefined || record.surface === 'responses';
  return usage === undefined && isBilled && record.outcome === 'success' && cost.costUsd === null
    ? { ...entry, unpriced: 1 }
    : entry;
}

function warnOfModel({ upstream, model }: AttemptRecord, { warnings, clock }: Observed): void {
  const message = `Upstream ${upstream} does not know the model ${model ?? '(none)'}`;
  warnings.once(message, { code: 'modelNotFound', message, atMs: clock.now() });
}

/** Pauses upstreams that refuse calls, and alerts for quota and credentials. */
class Refusals {
  readonly #observed: Observed;
  /** Upstreams with a firing alert, and its metric. */
  readonly #firing = new Map<string, 'quota' | 'auth'>();

  constructor(observed: Observed) {
    this.#observed = observed;
  }

  refused(upstream: string, state: ModelState, failure: Failure, nowMs: number): void {
    const { kind } = failure;
    if (kind !== 'rateLimit' && kind !== 'quota' && kind !== 'auth') return;
    const untilMs = state.pause.pause(kind, state.pauseMsAfter(failure) ?? 0);
    this.#observed.hints?.refused(upstream, state.model, failure);
    this.#observed.emitter.emit('rateLimit', { upstream, model: state.model, kind, untilMs, atMs: nowMs });
    if (kind === 'rateLimit' || this.#firing.has(upstream)) return;
    this.#firing.set(upstream, kind);
    this.#alert(upstream, kind, 'firing', nowMs);
  }

  resolve(upstream: string): void {
    if (this.#firing.size === 0) return;
    const metric = this.#firing.get(upstream);
    if (metric && this.#firing.delete(upstream)) this.#alert(upstream, metric, 'resolved', this.#observed.clock.now());
  }

  #alert(upstream: string, metric: 'quota' | 'auth', state: 'firing' | 'resolved', atMs: number): void {
    const about = { name: `${metric}:${upstream}`, metric, upstream, state, atMs };
    this.#observed.emitter.emit('alert', { ...about, value: null, bound: undefined, calls: 0, severity: 'critical' });
  }
}
