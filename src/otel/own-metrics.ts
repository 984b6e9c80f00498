/** The metrics of this library: counters from events, and gauges that are read when the metrics are collected. */

import type { BatchObservableResult, Meter } from '@opentelemetry/api';
import type { CanaryEventName, CanaryEvents, Snapshot } from '../index.ts';
import { ROLLOUT_CHANGES } from '../domain/rollout.ts';
import { errorOf } from './record-attributes.ts';
import { ATTRIBUTES, DURATION_BUCKETS_S, METRICS, OWN } from './semconv.ts';

/** Adds a listener of events; it is removed when the exporter is closed. */
export type Listen = <Name extends CanaryEventName>(
  name: Name,
  listener: (payload: CanaryEvents[Name]) => void,
) => void;

/** Counts events from now on. Returns the function that ends the gauges. */
export function countEvents(meter: Meter, listen: Listen, snapshot: () => Snapshot): () => void {
  countCalls(meter, listen);
  countChanges(meter, listen);
  return observe(meter, snapshot);
}

function countCalls(meter: Meter, listen: Listen): void {
  const calls = meter.createCounter(METRICS.calls, {
    unit: '{call}',
    description: 'Calls by their assigned and their last upstream',
  });
  const attempts = meter.createCounter(METRICS.attempts, {
    unit: '{attempt}',
    description: 'Attempts by kind: first, retry, fallback, hedge, shadow, probe',
  });
  const durations = meter.createHistogram(METRICS.attemptDuration, {
    unit: 's',
    description: 'Duration of attempts',
    advice: { explicitBucketBoundaries: DURATION_BUCKETS_S },
  });
  const cost = meter.createCounter(METRICS.cost, { unit: '{USD}', description: 'Known cost of attempts' });
  const savings = meter.createUpDownCounter(METRICS.savings, {
    unit: '{USD}',
    description: 'What the same tokens would have cost on stable, minus their cost',
  });
  const fallbacks = meter.createCounter(METRICS.fallbacks, {
    unit: '{fallback}',
    description: 'Fallbacks by their reason',
  });
  listen('call', (call) => {
    const error = errorOf(call);
    calls.add(1, {
      [OWN.assigned]: call.assigned,
      [OWN.upstream]: call.upstream,
      [OWN.outcome]: call.outcome,
      ...(error !== undefined && { [ATTRIBUTES.errorType]: error }),
    });
  });
  listen('attempt', (attempt) => {
    const { upstream, reason, outcome, cost: paid, stableCostUsd, delivery, latencyMs } = attempt;
    const error = errorOf(attempt);
    const about = { [OWN.upstream]: upstream, [OWN.attemptKind]: reason };
    const saved = paid.costUsd !== null && stableCostUsd !== null ? stableCostUsd - paid.costUsd : 0;
    if (saved !== 0) savings.add(saved, { [OWN.upstream]: upstream });
    // An answer from the cache reached no upstream.
    if (delivery === 'cached') return;
    const ended = error === undefined ? about : { ...about, [ATTRIBUTES.errorType]: error };
    attempts.add(1, { ...ended, [OWN.outcome]: outcome });
    durations.record(latencyMs / 1_000, ended);
    if (paid.costUsd) cost.add(paid.costUsd, about);
  });
  listen('fallback', ({ from, to, reason }) =>
    fallbacks.add(1, { [OWN.fallbackFrom]: from, [OWN.fallbackTo]: to, [OWN.fallbackReason]: reason }),
  );
}

function countChanges(meter: Meter, listen: Listen): void {
  const breakers = meter.createCounter(METRICS.breakerChanges, {
    unit: '{change}',
    description: 'Changes of circuit breakers, by their new state',
  });
  const limits = meter.createCounter(METRICS.rateLimits, {
    unit: '{pause}',
    description: 'Pauses and full limits, by kind',
  });
  const rollouts = meter.createCounter(METRICS.rolloutChanges, {
    unit: '{change}',
    description: 'Changes of rollouts',
  });
  const alerts = meter.createCounter(METRICS.alerts, { unit: '{alert}', description: 'Alerts that fire and resolve' });
  listen('breaker', ({ upstream, to }) => breakers.add(1, { [OWN.upstream]: upstream, [OWN.breakerState]: to }));
  listen('rateLimit', ({ upstream, kind }) => limits.add(1, { [OWN.upstream]: upstream, [OWN.rateLimit]: kind }));
  for (const change of ROLLOUT_CHANGES) {
    listen(change, ({ upstream }) => rollouts.add(1, { [OWN.upstream]: upstream, [OWN.rolloutChange]: change }));
  }
  listen('alert', ({ name, state, severity }) =>
    alerts.add(1, { [OWN.alert]: name, [OWN.alertState]: state, [OWN.severity]: severity }),
  );
}

function observe(meter: Meter, snapshot: () => Snapshot): () => void {
  const weight = meter.createObservableGauge(METRICS.weight, { unit: '1', description: 'Share of the split, 0 to 1' });
  const step = meter.createObservableGauge(METRICS.rolloutStep, {
    unit: '{step}',
    description: 'Step of the rollout, from 1',
  });
  const evidence = meter.createObservableGauge(METRICS.rolloutEvidence, {
    unit: '1',
    description: 'How close the rollout is to a rollback, 0 to 1',
  });
  const gauges = [weight, step, evidence];
  // One snapshot for all gauges of a collection.
  const read = (result: BatchObservableResult): void => {
    const { weights, rollouts = {} } = snapshot();
    for (const [name, share] of Object.entries(weights)) result.observe(weight, share, at(name));
    for (const [to, state] of Object.entries(rollouts)) {
      if (!state) continue;
      result.observe(step, state.step + 1, at(to));
      result.observe(evidence, state.evidence, at(to));
    }
  };
  meter.addBatchObservableCallback(read, gauges);
  return () => meter.removeBatchObservableCallback(read, gauges);
}

function at(upstream: string) {
  return { [OWN.upstream]: upstream };
}
