/** What follows from each attempt and call: windows, account, events, pauses. */

import type { CallObserver } from '../call/call-observer.ts';
import type { CallServices } from '../call/call-services.ts';
import type { AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { Emitter } from '../events/emitter.ts';
import { errorName, type Warnings } from '../events/warnings.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { CostEntry } from '../ledger/sums.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { Failure } from '../resilience/failure.ts';
import type { ShadowObserver } from '../shadow/shadow-services.ts';
import type { Clock } from '../time/clock.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** What is kept up to date. */
export interface Observed {
  readonly recorder: Recorder;
  readonly costs: Ledger;
  readonly emitter: Emitter;
  readonly warnings: Warnings;
  readonly clock: Clock;
  /** What rollouts are judged by. */
  readonly rollouts?: (JudgedCalls & CallServices['rollouts']) | undefined;
}

/** Who is told of the calls that are evidence. */
interface JudgedCalls {
  attempt(record: AttemptRecord, judged: unknown): void;
  hedged(judged: unknown): void;
  over(judged: unknown): void;
}

/** An upstream that says "not now" without saying how long is left alone for a second. */
const UNTOLD_PAUSE_MS = 1_000;
/** Quota and credentials do not mend by themselves: people have to. As long as the longest open time of a breaker. */
const REFUSED_PAUSE_MS = 300_000;

export function createObserver(observed: Observed): CallObserver {
  const { recorder, costs, emitter, clock, rollouts } = observed;
  const refusals = new Refusals(observed);
  const judge = (record: AttemptRecord): void => {
    recorder.attempt(record);
    if (record.outcome === 'success') refusals.resolve(record.upstream);
    if (record.kind === 'modelNotFound') warnOfModel(record, observed);
  };
  return {
    attempt: (record, call, judged) => {
      costs.add(costEntry(record, call));
      if (record.reason !== 'probe') judge(record);
      rollouts?.attempt(record, judged);
      if (emitter.wants('attempt')) emitter.emit('attempt', record);
    },
    call: (record: CallRecord, judged) => {
      recorder.call(record);
      rollouts?.over(judged);
      if (emitter.wants('call')) emitter.emit('call', record);
    },
    cached: (attempt, record, call) => {
      costs.add(costEntry(attempt, call));
      if (emitter.wants('attempt')) emitter.emit('attempt', attempt);
      if (emitter.wants('call')) emitter.emit('call', record);
    },
    retry: (event) => emitter.emit('retry', event),
    fallback: (event) => emitter.emit('fallback', event),
    hedge: (event, judged) => {
      rollouts?.hedged(judged);
      emitter.emit('hedge', event);
    },
    full: (event) => emitter.emit('rateLimit', event),
    refused: (upstream, failure) => refusals.refused(upstream, failure, clock.now()),
  };
}

/** What the account takes of an attempt. A conversation keeps its upstream, but nobody looks for it in an account. */
function costEntry(record: AttemptRecord, { key, keySource }: Call): CostEntry {
  const { upstream, startedAtMs, latencyMs, cost, stableCostUsd, usage, model, task } = record;
  const atMs = startedAtMs + latencyMs;
  const named = keySource === 'conversation' ? undefined : key;
  return { upstream, atMs, costUsd: cost.costUsd, stableCostUsd, usage, model, task, key: named };
}

function warnOfModel({ upstream, model }: AttemptRecord, { warnings, clock }: Observed): void {
  const message = `Upstream ${upstream} does not know the model ${model ?? '(none)'}`;
  warnings.once(message, { code: 'modelNotFound', message, atMs: clock.now() });
}

/** Pauses, and alerts that people must look after. */
class Refusals {
  readonly #observed: Observed;
  /** Upstreams with a firing alert, and what for. */
  readonly #firing = new Map<string, 'quota' | 'auth'>();

  constructor(observed: Observed) {
    this.#observed = observed;
  }

  refused(upstream: Upstream, { kind, retryAfterMs }: Failure, nowMs: number): void {
    if (kind !== 'rateLimit' && kind !== 'quota' && kind !== 'auth') return;
    const forMs = kind === 'rateLimit' ? (retryAfterMs ?? UNTOLD_PAUSE_MS) : REFUSED_PAUSE_MS;
    const untilMs = upstream.pause.pause(kind, forMs);
    this.#observed.emitter.emit('rateLimit', { upstream: upstream.name, kind, untilMs, atMs: nowMs });
    if (kind === 'rateLimit' || this.#firing.has(upstream.name)) return;
    this.#firing.set(upstream.name, kind);
    this.#alert(upstream.name, kind, 'firing', nowMs);
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

/** What follows from copies of calls: account and events, and nothing for the windows, breakers and pauses of real calls. */
export function createShadowObserver({ costs, emitter, warnings, clock }: Observed): ShadowObserver {
  return {
    attempt: (record, call) => {
      costs.add(costEntry(record, call));
      if (emitter.wants('attempt')) emitter.emit('attempt', record);
    },
    shadow: (event) => {
      if (emitter.wants('shadow')) emitter.emit('shadow', event);
    },
    failed: (topic, error) => {
      const message = `${topic} failed: ${errorName(error)}`;
      warnings.once(`shadow: ${topic}`, { code: 'shadow', message, atMs: clock.now() });
    },
  };
}
