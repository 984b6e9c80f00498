/** What a sample contributes: its value for each metric, the sums of its arm, and when a running call counts as slow. */

import type { ArmNumbers, BadReason, SampleCounts } from '../domain/rollout.ts';
import type { Arm } from '../stats/arm.ts';

/** What a sample tells about its side. */
export interface JudgedOutcome {
  /** Whether the assigned upstream did not answer; `undefined` if that is unknown. */
  readonly failed: boolean | undefined;
  /** Why it did not answer. */
  readonly reason?: BadReason | undefined;
  /** The upstream gave nothing in the time that it had, which was as long as a hedge or the caller waited. */
  readonly isSilent?: boolean | undefined;
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
    errorRate: failed === undefined ? undefined : failed ? 1 : 0,
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
  /** The parts of `failures` that are not `failed` attempts. */
  breaker: number;
  pause: number;
  refused: number;
  slow: number;
  empty: number;
  /** Samples that were opened. */
  assigned: number;
  /** Samples that ended without telling anything. */
  unjudged: number;
  /** Those of them that limits or budgets of the user held back. */
  heldBack: number;
}

export const emptySums = (): ArmSums => ({
  calls: 0,
  failures: 0,
  latencyMs: 0,
  costUsd: 0,
  costs: 0,
  quality: 0,
  qualities: 0,
  breaker: 0,
  pause: 0,
  refused: 0,
  slow: 0,
  empty: 0,
  assigned: 0,
  unjudged: 0,
  heldBack: 0,
});

export type PerArm<T> = Record<Arm, T>;

export const emptyArms = (): PerArm<ArmSums> => ({ stable: emptySums(), canary: emptySums() });
export const copyArms = ({ stable, canary }: Readonly<PerArm<ArmSums>>): PerArm<ArmSums> => ({
  stable: { ...emptySums(), ...stable },
  canary: { ...emptySums(), ...canary },
});

export function addCall(sums: ArmSums, { failed, reason, latencyMs, costUsd }: JudgedOutcome): void {
  if (failed === undefined) {
    sums.unjudged += 1;
    return;
  }
  sums.calls += 1;
  if (failed) {
    sums.failures += 1;
    if (reason !== undefined && reason !== 'failed') sums[reason] += 1;
  } else sums.latencyMs += latencyMs;
  // Failed calls do not show what an answer costs.
  if (costUsd === null || failed) return;
  sums.costs += 1;
  sums.costUsd += costUsd;
}

/** Counts a sample that tells nothing. */
export function addUnjudged(sums: ArmSums, isHeldBack: boolean): void {
  sums.unjudged += 1;
  if (isHeldBack) sums.heldBack += 1;
}

export function addQuality(sums: ArmSums, quality: number): void {
  sums.qualities += 1;
  sums.quality += quality;
}

/** By how much the canary's number is lower, as a share of stable's; `null` if one is unknown. */
export function improvementOf(stable: number | null, canary: number | null): number | null {
  return stable === null || canary === null || stable === 0 ? null : (stable - canary) / stable;
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

/** Samples by their end. Those that were opened before the step, or in another process, may have ended in it. */
export function sampleCountsOf(sums: ArmSums): SampleCounts {
  const { assigned, calls, failures, breaker, pause, refused, slow, empty, unjudged, heldBack } = sums;
  const failed = failures - breaker - pause - refused - slow - empty;
  const inFlight = Math.max(0, assigned - calls - unjudged);
  return {
    assigned,
    good: calls - failures,
    bad: { failed, breaker, pause, refused, slow, empty },
    unjudged,
    heldBack,
    inFlight,
  };
}

const mean = (sum: number, count: number): number | null => (count > 0 ? sum / count : null);

/** So many silent samples in a row are no chance: a hedge overtakes one healthy call in twenty. */
const LONGEST_SILENCE = 10;

/**
 * Whether the silent samples of one side are failures. One that a hedge overtook, or that its caller gave up, may have been slow. Of a side
 * that answers nothing at all, each further one counts as failed.
 */
export class Silence {
  #samples = 0;

  /** The outcome of the next sample of the side. */
  next(outcome: JudgedOutcome): JudgedOutcome {
    if (!outcome.isSilent) {
      this.#samples = 0;
      return outcome;
    }
    this.#samples += 1;
    return this.#samples > LONGEST_SILENCE ? { ...outcome, failed: true, reason: 'slow' } : outcome;
  }
}
