/** What the calls of one arm were like: sums, for people and for a step's requirements. The evidence is kept elsewhere. */

import type { ArmNumbers } from '../domain/rollout-numbers.ts';

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
