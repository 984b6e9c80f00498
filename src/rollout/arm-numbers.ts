/** What the calls of one arm were like: sums, for people and for a step's requirements. The evidence is kept elsewhere. */

import type { ArmNumbers } from '../domain/rollout.ts';
import type { GuardOptions } from '../stats/analysis-types.ts';

/** One judged call, as far as it is known. */
export interface JudgedCall {
  readonly failed: boolean;
  readonly latencyMs: number;
  readonly costUsd: number | null;
}

/** What is kept of an arm; plain numbers, to be stored. */
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

export function addCall(sums: ArmSums, { failed, latencyMs, costUsd }: JudgedCall): void {
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

/* PART: What a judged call says about each metric. */

/** How the first attempt of a judged call ended. */
export interface JudgedOutcome {
  readonly failed: boolean;
  readonly latencyMs: number;
  /** `undefined` for a call that is no stream. */
  readonly firstChunkMs: number | undefined;
  readonly stream: boolean;
  readonly costUsd: number | null;
}

/** Whether a metric is read off calls here; others are for the application to record. */
export function isMeasured(metric: string): boolean {
  return Object.hasOwn(valuesOf({ failed: false, latencyMs: 0, firstChunkMs: 0, stream: true, costUsd: 0 }), metric);
}

/** What is known of a call that has run for longer than any of stable's. */
export const OVERDUE = { latencyP50: Infinity, latencyP95: Infinity, latencyP99: Infinity, latency: Infinity } as const;

/** Takes the latency out of values. */
export const NO_LATENCY = {
  latencyP50: undefined,
  latencyP95: undefined,
  latencyP99: undefined,
  latency: undefined,
} as const;

/** A failed call is slower than any other, and what it cost says nothing about what answers cost. */
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

/* PART: How long a call may run before it is known to be among the slowest: who hangs must not stay unseen until he gives up. */

/** Fewer answers of stable's say little about its slowest. */
const MIN_ANSWERS = 20;
/** The margin of a latency guardrail that names none. */
const USUAL_MARGIN = 0.2;
const LATENCIES = ['latencyP50', 'latencyP95', 'latencyP99', 'latency'] as const;

/** Longer than stable's slowest answer, the margins and the limits is in the worst bin of every latency guardrail. */
export class OverdueThreshold {
  readonly #factor: number;
  readonly #leastMs: number;
  readonly #watches: boolean;
  #answers = 0;
  #slowestMs = 0;

  constructor(guardrails: Readonly<Record<string, GuardOptions>>) {
    const guards = LATENCIES.flatMap((metric) => guardrails[metric] ?? []);
    this.#watches = guards.length > 0;
    this.#factor = 1 + Math.max(0, ...guards.map(({ margin }) => margin ?? USUAL_MARGIN));
    this.#leastMs = Math.max(0, ...guards.map(({ max }) => max ?? 0));
  }

  /** `Infinity` where no latency is judged, or too little is known. */
  get overdueMs(): number {
    if (!this.#watches || this.#answers < MIN_ANSWERS) return Infinity;
    return Math.max(this.#leastMs, this.#slowestMs * this.#factor);
  }

  /** Stable has answered. */
  answered(latencyMs: number): void {
    this.#answers += 1;
    if (latencyMs > this.#slowestMs) this.#slowestMs = latencyMs;
  }
}
