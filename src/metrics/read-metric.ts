/** The value of one metric, and how many calls stand behind it. */

import type { AlertMetric } from '../domain/alert.ts';
import type { CallTotals, Quantiles, WindowSnapshot } from '../domain/snapshot.ts';

/** What a rule is judged by. */
export interface MetricReading {
  /** Latencies in ms, rates 0–1, money in USD; `null` without samples, and for money also when no price is known. */
  readonly value: number | null;
  /** Successes and failures in the window: attempts of the upstream, or whole calls where all are looked at. */
  readonly calls: number;
}

/**
 * Reads a metric of `upstream`, or of all calls where that is `undefined`.
 *
 * | metric | of an upstream | of all calls |
 * |---|---|---|
 * | `errorRate` | failures of its attempts | `failureRate` |
 * | `latency…`, `firstChunk…` | of its attempts | of whole calls |
 * | `costPerCall` | mean over attempts of known cost | mean over calls of known cost, all attempts included |
 * | `costPerHour` | its own | sum over the upstreams |
 * | `calls` | calls assigned to it | all calls |
 * | `failureRate`, `fallbackRate`, `primaryHitRate` | as of all calls | what `CallTotals` says |
 *
 * An upstream that has no window reads as `null` of no calls.
 */
export function readMetric(
  metric: AlertMetric,
  upstream: string | undefined,
  totals: CallTotals,
  windows: Readonly<Record<string, WindowSnapshot>>,
): MetricReading {
  if (metric === 'failureRate' || metric === 'fallbackRate' || metric === 'primaryHitRate') {
    return { value: totals[metric], calls: endedIn(totals) };
  }
  if (upstream === undefined) return { value: valueOf(metric, ofAllCalls(totals, windows)), calls: endedIn(totals) };
  const window = windows[upstream];
  if (window === undefined) return { value: null, calls: 0 };
  return { value: valueOf(metric, { ...window, costPerHour: paceOf([window]) }), calls: endedIn(window) };
}

/** What all calls and one upstream's window have in common. */
interface Figures {
  readonly errorRate: number | null;
  readonly latencyMs: Quantiles;
  readonly firstChunkMs: Quantiles;
  readonly costPerHour: number | null;
  readonly costPerCall: number | null;
  readonly calls: number;
}

function ofAllCalls(totals: CallTotals, windows: Readonly<Record<string, WindowSnapshot>>): Figures {
  return { ...totals, errorRate: totals.failureRate, costPerHour: paceOf(Object.values(windows)) };
}

function valueOf(
  metric: Exclude<AlertMetric, 'failureRate' | 'fallbackRate' | 'primaryHitRate'>,
  { latencyMs, firstChunkMs, ...figures }: Figures,
): number | null {
  switch (metric) {
    case 'errorRate':
    case 'costPerHour':
    case 'costPerCall':
    case 'calls':
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

/** USD an hour; `null` when something was used and nothing of it has a price, since an unknown cost is not 0. */
function paceOf(windows: readonly WindowSnapshot[]): number | null {
  const unknown =
    windows.some((window) => window.unpriced > 0) && windows.every((window) => window.costPerCall === null);
  return unknown ? null : windows.reduce((sum, window) => sum + window.costPerHour, 0);
}

function endedIn({ successes, failures }: { readonly successes: number; readonly failures: number }): number {
  return successes + failures;
}
