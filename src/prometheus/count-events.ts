/** Counts the events of a client. This is all that the exporter does while no scrape reads it. */

import type { AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { CanaryEventName, CanaryEvents } from '../domain/events.ts';
import { DeferredBatch } from '../domain/in-flight.ts';
import { ROLLOUT_CHANGES } from '../domain/rollout.ts';
import type { ShadowEvent } from '../domain/shadow.ts';
import type { Usage } from '../domain/usage.ts';
import type { ResolvedExporter } from './options.ts';
import type { MetricKey } from './metrics.ts';
import { counts, distributions } from './series.ts';

/** The events of a client. */
export interface EventSource {
  on<Name extends CanaryEventName>(name: Name, listener: (payload: CanaryEvents[Name]) => void): unknown;
  off<Name extends CanaryEventName>(name: Name, listener: (payload: CanaryEvents[Name]) => void): unknown;
}

/** The names that have their series from the start, so that Prometheus sees the first increase of each. */
export interface KnownNames {
  readonly upstreams: readonly string[];
  readonly canaries: readonly string[];
  readonly budgets: readonly string[];
}

const AGREEMENT_BOUNDS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];

/** Counters and histograms, by the key of their metric. */
export class EventCounts {
  readonly series;
  /** The days of the price lists in use by upstream, in ms since the Unix epoch. */
  readonly priceListsMs = new Map<string, number>();
  readonly #models: ModelLabels;
  readonly #known: KnownNames;
  readonly #attempts = new DeferredBatch<AttemptRecord>((record) => this.#countAttempt(record));
  readonly #calls = new DeferredBatch<CallRecord>((record) => this.#countCall(record));
  readonly #stops: (() => void)[] = [];

  constructor({ bucketsSeconds, maxModels }: ResolvedExporter, known: KnownNames) {
    this.#models = new ModelLabels(maxModels);
    this.#known = known;
    this.series = {
      calls: counts('calls'),
      callDuration: distributions('callDuration', bucketsSeconds),
      callFirstChunk: distributions('callFirstChunk', bucketsSeconds),
      attempts: counts('attempts'),
      attemptDuration: distributions('attemptDuration', bucketsSeconds),
      attemptFirstChunk: distributions('attemptFirstChunk', bucketsSeconds),
      retries: counts('retries'),
      fallbacks: counts('fallbacks'),
      hedges: counts('hedges'),
      brokenToolCalls: counts('brokenToolCalls'),
      tokens: counts('tokens'),
      cost: counts('cost'),
      unpriced: counts('unpriced'),
      savings: counts('savings'),
      extraCost: counts('extraCost'),
      breakerChanges: counts('breakerChanges'),
      pauses: counts('pauses'),
      budgetNotices: counts('budgetNotices'),
      rolloutChanges: counts('rolloutChanges'),
      copies: counts('copies'),
      copyDuration: distributions('copyDuration', bucketsSeconds),
      agreement: distributions('agreement', AGREEMENT_BOUNDS),
      alerts: counts('alerts'),
      warnings: counts('warnings'),
    } as const;
    this.#begin();
  }

  /** Counts what is waiting. Call it before the series are read. */
  flush(): void {
    this.#attempts.flush();
    this.#calls.flush();
  }

  /** Sets a metric back to its beginning. */
  clear(key: MetricKey): void {
    this.flush();
    if (key in this.series) this.series[key as keyof typeof this.series].clear();
    this.#begin();
  }

  listen(source: EventSource): void {
    const on = <Name extends CanaryEventName>(name: Name, listener: (payload: CanaryEvents[Name]) => void): void => {
      source.on(name, listener);
      this.#stops.push(() => void source.off(name, listener));
    };
    const { retries, fallbacks, hedges, breakerChanges, pauses, budgetNotices, alerts, warnings } = this.series;
    on('call', (record) => this.#calls.add(record));
    on('attempt', (record) => this.#attempts.add(record));
    on('retry', ({ upstream, kind }) => (retries.at(upstream, kind).value += 1));
    on('fallback', ({ from, to, reason }) => (fallbacks.at(from, to, reason).value += 1));
    on('hedge', ({ from, to }) => (hedges.at(from, to).value += 1));
    on('breaker', ({ upstream, to }) => (breakerChanges.at(upstream, to).value += 1));
    on('rateLimit', ({ upstream, kind }) => (pauses.at(upstream, kind).value += 1));
    on('budget', ({ name, share }) => (budgetNotices.at(name, `${share}`).value += 1));
    on('shadow', (event) => this.#countCopy(event));
    on('alert', ({ name, severity, state }) => (alerts.at(name, severity, state).value += 1));
    on('warning', ({ code }) => (warnings.at(code).value += 1));
    for (const change of ROLLOUT_CHANGES) {
      on(change, (event) => {
        const cause = 'by' in event ? event.by : 'rule';
        this.series.rolloutChanges.at(event.upstream, change, cause).value += 1;
      });
    }
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** A rate needs a first value: series that start at 1 would lose the event that made them. */
  #begin(): void {
    const { calls, breakerChanges, pauses, rolloutChanges, budgetNotices } = this.series;
    for (const upstream of this.#known.upstreams) {
      for (const outcome of ['success', 'failure', 'neutral', 'aborted']) calls.at(upstream, upstream, outcome);
      for (const state of ['open', 'halfOpen', 'closed']) breakerChanges.at(upstream, state);
      for (const kind of ['rateLimit', 'quota', 'auth', 'limit']) pauses.at(upstream, kind);
      rolloutChanges.at(upstream, 'rollback', 'rule');
    }
    for (const canary of this.#known.canaries) {
      for (const change of ['step', 'promote', 'rollback'])
        for (const cause of ['evidence', 'user']) rolloutChanges.at(canary, change, cause);
    }
    for (const budget of this.#known.budgets) {
      for (const share of ['0.5', '0.8', '1']) budgetNotices.at(budget, share);
    }
  }

  #countCall({ assigned, upstream, outcome, latencyMs, firstChunkMs, cached }: CallRecord): void {
    // The cache has a metric of its own.
    if (cached === true) return;
    const { calls, callDuration, callFirstChunk } = this.series;
    calls.at(assigned, upstream, outcome).value += 1;
    if (outcome !== 'success' && outcome !== 'failure') return;
    callDuration.at(assigned, outcome).observe(latencyMs / 1_000);
    if (firstChunkMs !== undefined) callFirstChunk.at(assigned).observe(firstChunkMs / 1_000);
  }

  #countAttempt(record: AttemptRecord): void {
    const { upstream, reason, outcome, kind, delivery, latencyMs, firstChunkMs } = record;
    const model = this.#models.labelOf(upstream, record.requestedModel ?? record.model);
    this.#countMoney(record, model);
    if (delivery === 'cached' || reason === 'shadow' || reason === 'probe') return;
    const { attempts, attemptDuration, attemptFirstChunk, brokenToolCalls } = this.series;
    attempts.at(upstream, model, outcome, kind ?? '').value += 1;
    if (record.brokenToolArguments === true) brokenToolCalls.at(upstream).value += 1;
    if (outcome !== 'success' && outcome !== 'failure') return;
    attemptDuration.at(upstream, outcome).observe(latencyMs / 1_000);
    if (firstChunkMs !== undefined) attemptFirstChunk.at(upstream).observe(firstChunkMs / 1_000);
  }

  #countMoney({ upstream, reason, usage, cost, stableCostUsd }: AttemptRecord, model: string): void {
    const { unpriced, savings, extraCost } = this.series;
    if (usage) this.#countTokens(usage, upstream, model);
    if (cost.costUsd === null) {
      if (usage) unpriced.at(upstream, model).value += 1;
      return;
    }
    this.series.cost.at(upstream, model, reason).value += cost.costUsd;
    if (cost.table) this.priceListsMs.set(upstream, Date.parse(cost.table.date));
    if (stableCostUsd === null) return;
    const savedUsd = stableCostUsd - cost.costUsd;
    if (savedUsd > 0) savings.at(upstream).value += savedUsd;
    else extraCost.at(upstream).value -= savedUsd;
  }

  #countTokens(usage: Usage, upstream: string, model: string): void {
    const { tokens } = this.series;
    const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens = 0, reasoningTokens } = usage;
    tokens.at(upstream, model, 'input').value += Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens);
    tokens.at(upstream, model, 'output').value += Math.max(0, outputTokens - reasoningTokens);
    if (cachedInputTokens > 0) tokens.at(upstream, model, 'cachedInput').value += cachedInputTokens;
    if (cacheWriteTokens > 0) tokens.at(upstream, model, 'cacheWrite').value += cacheWriteTokens;
    if (reasoningTokens > 0) tokens.at(upstream, model, 'reasoning').value += reasoningTokens;
  }

  #countCopy({ upstream, outcome, kind, latencyMs, comparison }: ShadowEvent): void {
    const { copies, copyDuration, agreement } = this.series;
    copies.at(upstream, outcome, kind ?? '').value += 1;
    if (outcome === 'success' || outcome === 'failure') copyDuration.at(upstream, outcome).observe(latencyMs / 1_000);
    const agreed = comparison?.agreement ?? null;
    if (agreed !== null) agreement.at(upstream).observe(agreed);
  }
}

/** Longer names of models are counted as `other`. */
const MAX_MODEL_LENGTH = 128;

/** Callers may name any model: each upstream has a label for the first ones, and `other` for the rest. */
class ModelLabels {
  readonly #max: number;
  readonly #known = new Map<string, Set<string>>();

  constructor(max: number) {
    this.#max = max;
  }

  /** `'*'` stands for requests that name no model, as in snapshots. */
  labelOf(upstream: string, model = '*'): string {
    let known = this.#known.get(upstream);
    if (known === undefined) this.#known.set(upstream, (known = new Set()));
    if (known.has(model)) return model;
    if (known.size >= this.#max || model.length > MAX_MODEL_LENGTH) return 'other';
    known.add(model);
    return model;
  }
}
