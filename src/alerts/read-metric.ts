/** Reads a metric from a snapshot, with the number of calls it is based on. */

import type { AlertMetric } from '../domain/alert.ts';
import type { CallTotals, Snapshot, UpstreamSnapshot, WindowSnapshot } from '../domain/snapshot.ts';

/** What a rule is evaluated with. */
export interface MetricReading {
  /** Latencies in ms, rates 0–1, costs in USD. `null` without samples; for costs also if no price is known. */
  readonly value: number | null;
  /** Successes plus failures in the window: attempts for an upstream, assigned calls for its error rate, whole calls otherwise. */
  readonly calls: number;
}

/** The part of a snapshot that metrics are read from. */
export type MetricSource = CallTotals & Pick<Snapshot, 'upstreams' | 'budgets' | 'shadow' | 'rollouts'>;

/**
 * Reads a metric of `upstream`; with `undefined` that of all calls.
 *
 * | metric | of an upstream | over all calls |
 * |---|---|---|
 * | `errorRate` | share of the calls assigned to it that it did not answer; without any, failure rate of its attempts | `failureRate` |
 * | `latency…`, `firstChunk…` | its attempts | whole calls |
 * | `costPerCall` | mean over attempts of known cost | mean over calls of known cost, all attempts included |
 * | `calls` | calls assigned to it | all calls |
 * | `successes`, `failures` | its attempts | whole calls |
 * | `failureRate`, `fallbackRate`, `primaryHitRate` | the same as over all calls | the field of `CallTotals` |
 * | `budgetUsed`, `exhaustedBudgets` | the same as over all calls | all budgets |
 * | `shadowAgreement` | the calls mirrored to it | the lowest of all upstreams |
 * | `quality` | the calls that it answered and that were scored | the lowest of all upstreams |
 * | `rolloutEvidence` | the rollout to it | the highest of all rollouts |
 * | `up` | whether its health is not `down` | the share of upstreams that are up |
 * | `latencyToTarget` | its p95 latency / its target | the highest of all upstreams |
 * | `weight`, `openBreakers`, `paused`, other counts, tokens, costs | its own | sum over the upstreams |
 *
 * An upstream without a window gives `null` with 0 calls.
 */
export function readMetric(metric: AlertMetric, upstream: string | undefined, source: MetricSource): MetricReading {
  if (metric === 'shadowAgreement') return shadowReading(upstream, source);
  if (metric === 'quality') return qualityReading(upstream, source);
  if (metric === 'rolloutEvidence') return rolloutReading(upstream, source);
  if (metric === 'budgetUsed' || metric === 'exhaustedBudgets') {
    return { value: budgetValue(metric, source), calls: endedCalls(source) };
  }
  if (metric === 'failureRate' || metric === 'fallbackRate' || metric === 'primaryHitRate') {
    return { value: source[metric], calls: endedCalls(source) };
  }
  if (upstream === undefined) return { value: ofAllCalls(metric, source), calls: endedCalls(source) };
  const window = source.upstreams[upstream];
  if (window === undefined) return { value: null, calls: 0 };
  if (metric === 'errorRate') return errorReading(window);
  return { value: ofWindow(metric, window), calls: endedCalls(window) };
}

/**
 * The breaker of a dead upstream lets few attempts through, so its attempts show little of an outage. Its assigned calls show all of it.
 */
function errorReading(window: UpstreamSnapshot): MetricReading {
  const { answered, unanswered, errorRate } = window;
  const calls = answered + unanswered;
  return calls > 0 ? { value: unanswered / calls, calls } : { value: errorRate, calls: endedCalls(window) };
}

/** `calls` is the number of compared pairs of answers. */
function shadowReading(upstream: string | undefined, { shadow = {} }: MetricSource): MetricReading {
  const shadows = upstream === undefined ? Object.values(shadow) : [shadow[upstream]];
  const known = shadows.flatMap((one) => one ?? []);
  const agreements = known.flatMap(({ agreement }) => agreement ?? []);
  const calls = known.reduce((sum, { compared }) => sum + compared, 0);
  return { value: agreements.length === 0 ? null : Math.min(...agreements), calls };
}

/** `calls` is the number of scored calls. */
function qualityReading(upstream: string | undefined, { upstreams }: MetricSource): MetricReading {
  const windows = upstream === undefined ? Object.values(upstreams) : [upstreams[upstream]].flatMap((one) => one ?? []);
  const qualities = windows.flatMap(({ quality }) => quality ?? []);
  const calls = windows.reduce((sum, { scored }) => sum + scored, 0);
  return { value: qualities.length === 0 ? null : Math.min(...qualities), calls };
}

/** `calls` is the number of calls exposed to the canary. */
function rolloutReading(upstream: string | undefined, { rollouts = {} }: MetricSource): MetricReading {
  const known = (upstream === undefined ? Object.values(rollouts) : [rollouts[upstream]]).flatMap((one) => one ?? []);
  const calls = known.reduce((sum, { callsExposed }) => sum + callsExposed, 0);
  return { value: known.length === 0 ? null : Math.max(...known.map(({ evidence }) => evidence)), calls };
}

/** `budgetUsed` skips budgets per key or upstream: each of their amounts has its own limit, and their sum has no limit. */
function budgetValue(metric: 'budgetUsed' | 'exhaustedBudgets', { budgets }: MetricSource): number | null {
  if (budgets.length === 0) return null;
  if (metric === 'exhaustedBudgets') return budgets.reduce((sum, { exhausted }) => sum + exhausted, 0);
  const shares = budgets.filter(({ scope }) => scope === 'all').map(({ spentUsd, limitUsd }) => spentUsd / limitUsd);
  return shares.length === 0 ? null : Math.max(...shares);
}

type OwnMetric = Exclude<
  AlertMetric,
  | 'failureRate'
  | 'fallbackRate'
  | 'primaryHitRate'
  | 'budgetUsed'
  | 'exhaustedBudgets'
  | 'shadowAgreement'
  | 'quality'
  | 'rolloutEvidence'
>;
/** Metrics that whole calls and the attempts of an upstream both have. */
type SharedMetric = Extract<
  Exclude<OwnMetric, 'latencyToTarget'>,
  `latency${string}` | `firstChunk${string}` | 'calls' | 'costPerCall'
>;

function ofAllCalls(metric: OwnMetric, source: MetricSource): number | null {
  if (metric === 'errorRate') return source.failureRate;
  if (metric === 'successes' || metric === 'failures') return source[metric];
  const windows = Object.values(source.upstreams);
  if (metric === 'costPerHour') return costPerHourOf(windows);
  if (metric === 'up') return windows.filter(({ health }) => health !== 'down').length / windows.length;
  if (metric === 'latencyToTarget') return highest(windows.map(latencyToTarget));
  return isShared(metric) ? sharedValue(metric, source) : sumOver(metric, windows);
}

function ofWindow(metric: OwnMetric, window: UpstreamSnapshot): number | null {
  if (metric === 'costPerHour') return costPerHourOf([window]);
  // A half-open breaker tries single calls. The outage is over once it is closed.
  if (metric === 'openBreakers') return window.breaker.state === 'closed' ? 0 : 1;
  if (metric === 'paused') return window.pausedUntilMs === null ? 0 : 1;
  if (metric === 'up') return window.health === 'down' ? 0 : 1;
  if (metric === 'latencyToTarget') return latencyToTarget(window);
  return isShared(metric) ? sharedValue(metric, window) : window[metric];
}

function latencyToTarget({ latencyMs, targetLatencyMs }: UpstreamSnapshot): number | null {
  return latencyMs.p95 === null || targetLatencyMs === undefined ? null : latencyMs.p95 / targetLatencyMs;
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function isShared(metric: OwnMetric): metric is SharedMetric {
  if (metric === 'latencyToTarget') return false;
  return metric.startsWith('latency') || metric.startsWith('firstChunk') || SHARED.includes(metric);
}

const SHARED: readonly OwnMetric[] = ['calls', 'costPerCall'];

function sharedValue(
  metric: SharedMetric,
  { latencyMs, firstChunkMs, ...figures }: Pick<WindowSnapshot, 'latencyMs' | 'firstChunkMs' | 'calls' | 'costPerCall'>,
): number | null {
  switch (metric) {
    case 'calls':
    case 'costPerCall':
      return figures[metric];
    case 'latencyP50':
      return latencyMs.p50;
    case 'latencyP95':
      return latencyMs.p95;
    case 'latencyP99':
      return latencyMs.p99;
    case 'firstChunkP50':
      return firstChunkMs.p50;
    case 'firstChunkP95':
      return firstChunkMs.p95;
    case 'firstChunkP99':
      return firstChunkMs.p99;
    default:
      return metric satisfies never;
  }
}

function sumOver(metric: Exclude<OwnMetric, SharedMetric>, windows: readonly UpstreamSnapshot[]): number {
  return windows.reduce((sum, window) => sum + (ofWindow(metric, window) ?? 0), 0);
}

/** USD per hour; `null` if there was usage without any known price, since an unknown cost is not 0. */
function costPerHourOf(windows: readonly WindowSnapshot[]): number | null {
  const unknown =
    windows.some((window) => window.unpriced > 0) && windows.every((window) => window.costPerCall === null);
  return unknown ? null : windows.reduce((sum, window) => sum + window.costPerHour, 0);
}

function endedCalls({ successes, failures }: { readonly successes: number; readonly failures: number }): number {
  return successes + failures;
}
