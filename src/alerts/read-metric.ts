/** The value of one metric, and how many calls stand behind it. */

import type { AlertMetric } from '../domain/alert.ts';
import type { CallTotals, Snapshot, UpstreamSnapshot, WindowSnapshot } from '../domain/snapshot.ts';

/** What a rule is judged by. */
export interface MetricReading {
  /** Latencies in ms, rates 0–1, money in USD; `null` without samples, and for money also when no price is known. */
  readonly value: number | null;
  /** Successes and failures in the window: attempts of the upstream, or whole calls where all are looked at. */
  readonly calls: number;
}

/** What a metric is read from. */
export type MetricSource = CallTotals & Pick<Snapshot, 'upstreams' | 'budgets' | 'shadow' | 'rollouts'>;

/**
 * Reads a metric of `upstream`, or of all calls where that is `undefined`.
 *
 * | metric | of an upstream | of all calls |
 * |---|---|---|
 * | `errorRate` | failures of its attempts | `failureRate` |
 * | `latency…`, `firstChunk…` | of its attempts | of whole calls |
 * | `costPerCall` | mean over attempts of known cost | mean over calls of known cost, all attempts included |
 * | `calls` | calls assigned to it | all calls |
 * | `successes`, `failures` | of its attempts | of whole calls |
 * | `failureRate`, `fallbackRate`, `primaryHitRate` | as of all calls | what `CallTotals` says |
 * | `budgetUsed`, `exhaustedBudgets` | as of all calls | of all budgets |
 * | `shadowAgreement` | of the calls mirrored to it | the least of all upstreams' |
 * | `rolloutEvidence` | of the rollout to it | the greatest of all rollouts' |
 * | `weight`, `openBreakers`, `paused` and other counts, tokens, money | its own | sum over the upstreams |
 *
 * An upstream that has no window reads as `null` of no calls.
 */
export function readMetric(metric: AlertMetric, upstream: string | undefined, source: MetricSource): MetricReading {
  if (metric === 'shadowAgreement') return shadowReading(upstream, source);
  if (metric === 'rolloutEvidence') return rolloutReading(upstream, source);
  if (metric === 'budgetUsed' || metric === 'exhaustedBudgets') {
    return { value: budgetValue(metric, source), calls: endedIn(source) };
  }
  if (metric === 'failureRate' || metric === 'fallbackRate' || metric === 'primaryHitRate') {
    return { value: source[metric], calls: endedIn(source) };
  }
  if (upstream === undefined) return { value: ofAllCalls(metric, source), calls: endedIn(source) };
  const window = source.upstreams[upstream];
  if (window === undefined) return { value: null, calls: 0 };
  return { value: ofWindow(metric, window), calls: endedIn(window) };
}

/** Judged by the pairs of answers that were compared. */
function shadowReading(upstream: string | undefined, { shadow = {} }: MetricSource): MetricReading {
  const asked = upstream === undefined ? Object.values(shadow) : [shadow[upstream]];
  const known = asked.flatMap((one) => one ?? []);
  const agreements = known.flatMap(({ agreement }) => agreement ?? []);
  const calls = known.reduce((sum, { compared }) => sum + compared, 0);
  return { value: agreements.length === 0 ? null : Math.min(...agreements), calls };
}

/** Judged by the calls that were exposed. */
function rolloutReading(upstream: string | undefined, { rollouts = {} }: MetricSource): MetricReading {
  const known = (upstream === undefined ? Object.values(rollouts) : [rollouts[upstream]]).flatMap((one) => one ?? []);
  const calls = known.reduce((sum, { callsExposed }) => sum + callsExposed, 0);
  return { value: known.length === 0 ? null : Math.max(...known.map(({ evidence }) => evidence)), calls };
}

/** Of budgets of keys or upstreams each amount is its own: their sum has no limit. */
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
  | 'rolloutEvidence'
>;
/** What calls as a whole and an upstream's attempts both have. */
type SharedMetric = Extract<OwnMetric, `latency${string}` | `firstChunk${string}` | 'calls' | 'costPerCall'>;

function ofAllCalls(metric: OwnMetric, source: MetricSource): number | null {
  if (metric === 'errorRate') return source.failureRate;
  if (metric === 'successes' || metric === 'failures') return source[metric];
  const windows = Object.values(source.upstreams);
  if (metric === 'costPerHour') return paceOf(windows);
  return isShared(metric) ? sharedValue(metric, source) : sumOver(metric, windows);
}

function ofWindow(metric: OwnMetric, window: UpstreamSnapshot): number | null {
  if (metric === 'costPerHour') return paceOf([window]);
  if (metric === 'openBreakers') return window.breaker.state === 'open' ? 1 : 0;
  if (metric === 'paused') return window.pausedUntilMs === null ? 0 : 1;
  return isShared(metric) ? sharedValue(metric, window) : window[metric];
}

function isShared(metric: OwnMetric): metric is SharedMetric {
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

/** USD an hour; `null` when something was used and nothing of it has a price, since an unknown cost is not 0. */
function paceOf(windows: readonly WindowSnapshot[]): number | null {
  const unknown =
    windows.some((window) => window.unpriced > 0) && windows.every((window) => window.costPerCall === null);
  return unknown ? null : windows.reduce((sum, window) => sum + window.costPerHour, 0);
}

function endedIn({ successes, failures }: { readonly successes: number; readonly failures: number }): number {
  return successes + failures;
}
