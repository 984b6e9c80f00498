/** What a judged call contributes: its value for each metric, the sums of its arm, and when a running call counts as slow. */

import type { ArmNumbers } from '../domain/rollout.ts';
import type { GuardOptions } from '../stats/analysis-types.ts';

/** How the first attempt of a judged call ended. */
export interface JudgedOutcome {
  readonly failed: boolean;
  readonly latencyMs: number;
  /** `undefined` for a call that is not a stream. */
  readonly firstChunkMs: number | undefined;
  readonly stream: boolean;
  readonly costUsd: number | null;
}

/** Whether a metric is measured from calls. Other metrics are recorded by the application. */
export function isMeasured(metric: string): boolean {
  return Object.hasOwn(valuesOf({ failed: false, latencyMs: 0, firstChunkMs: 0, stream: true, costUsd: 0 }), metric);
}

/** The values of a call that has run for longer than any call of stable. */
export const OVERDUE = { latencyP50: Infinity, latencyP95: Infinity, latencyP99: Infinity, latency: Infinity } as const;

/** Spread over values, this removes the latency. */
export const NO_LATENCY = {
  latencyP50: undefined,
  latencyP95: undefined,
  latencyP99: undefined,
  latency: undefined,
} as const;

/** A failed call counts as slower than any other. Its cost is left out, since it does not show what an answer costs. */
export function valuesOf({ failed, latencyMs, firstChunkMs, stream, costUsd }: JudgedOutcome) {
  const latency = failed ? Infinity : latencyMs;
  const firstChunk = firstChunkMs ?? (failed ? Infinity : undefined);
  return {
    errorRate: failed ? 1 : 0,
    latencyP50: latency,
    latencyP95: latency,
    latencyP99: latency,
    latency,
    firstChunkP95: stream ? firstChunk : undefined,
    costPerCall: failed ? undefined : (costUsd ?? undefined),
  };
}

/**
 * Sums of the judged calls of one arm, as plain numbers for a store. Reports and the requirements of a step use them; the
 * evidence is separate.
 */
export interface ArmSums {
  calls: number;
  failures: number;
  latencyMs: number;
  costUsd: number;
  costs: number;
  quality: number;
  qualities: number;
}

export const emptySums = (): ArmSums => ({
  calls: 0,
  failures: 0,
  latencyMs: 0,
  costUsd: 0,
  costs: 0,
  quality: 0,
  qualities: 0,
});

export function addCall(
  sums: ArmSums,
  { failed, latencyMs, costUsd }: Pick<JudgedOutcome, 'failed' | 'latencyMs' | 'costUsd'>,
): void {
  sums.calls += 1;
  if (failed) sums.failures += 1;
  else sums.latencyMs += latencyMs;
  if (costUsd === null) return;
  sums.costs += 1;
  sums.costUsd += costUsd;
}

export function addQuality(sums: ArmSums, quality: number): void {
  sums.qualities += 1;
  sums.quality += quality;
}

export function numbersOf(sums: ArmSums): ArmNumbers {
  const { calls, failures, latencyMs, costUsd, costs, quality, qualities } = sums;
  return {
    calls,
    failures,
    errorRate: mean(failures, calls),
    meanLatencyMs: mean(latencyMs, calls - failures),
    costPerCallUsd: mean(costUsd, costs),
    quality: mean(quality, qualities),
  };
}

const mean = (sum: number, count: number): number | null => (count > 0 ? sum / count : null);

/** With fewer answers the slowest one of stable says little. */
const MIN_ANSWERS = 20;
/** The margin of a latency guardrail without one of its own. */
const DEFAULT_MARGIN = 0.2;
const LATENCIES = ['latencyP50', 'latencyP95', 'latencyP99', 'latency'] as const;

/**
 * When a running call counts as slow: a hanging canary must be noticed before its callers time out. A call that exceeds stable's
 * slowest answer, all margins and all limits is in the worst bin of every latency guardrail.
 */
export class OverdueThreshold {
  readonly #factor: number;
  readonly #leastMs: number;
  readonly #watches: boolean;
  #answers = 0;
  #slowestMs = 0;

  constructor(guardrails: Readonly<Record<string, GuardOptions>>) {
    const guards = LATENCIES.flatMap((metric) => guardrails[metric] ?? []);
    this.#watches = guards.length > 0;
    this.#factor = 1 + Math.max(0, ...guards.map(({ margin }) => margin ?? DEFAULT_MARGIN));
    this.#leastMs = Math.max(0, ...guards.map(({ max }) => max ?? 0));
  }

  /** `Infinity` without a latency guardrail, or with too few answers of stable. */
  get overdueMs(): number {
    if (!this.#watches || this.#answers < MIN_ANSWERS) return Infinity;
    return Math.max(this.#leastMs, this.#slowestMs * this.#factor);
  }

  /** Records the latency of an answer of stable. */
  answered(latencyMs: number): void {
    this.#answers += 1;
    if (latencyMs > this.#slowestMs) this.#slowestMs = latencyMs;
  }
}
