/** Sums over attempts, as they grow. */

import type { Usage } from '../domain/usage.ts';
import type { CostTotals } from './report.ts';

/** What the account needs to know of an attempt. */
export interface CostEntry {
  readonly upstream: string;
  readonly atMs: number;
  /** `null` when unknown. */
  readonly costUsd: number | null;
  /** What the same tokens would have cost on stable; `null` when unknown. */
  readonly stableCostUsd: number | null;
  readonly usage: Usage | undefined;
  readonly model?: string | undefined;
  readonly task?: string | undefined;
  readonly key?: string | undefined;
}

export type Sum = { -readonly [field in keyof CostTotals]: number };

export function emptySum(): Sum {
  return {
    attempts: 0,
    inputTokens: 0,
    outputTokens: 0,
    cachedInputTokens: 0,
    costUsd: 0,
    unpriced: 0,
    stableCostUsd: 0,
    savingsUsd: 0,
  };
}

export function clearSum(sum: Sum): void {
  sum.attempts = 0;
  sum.inputTokens = 0;
  sum.outputTokens = 0;
  sum.cachedInputTokens = 0;
  sum.costUsd = 0;
  sum.unpriced = 0;
  sum.stableCostUsd = 0;
  sum.savingsUsd = 0;
}

export function addEntry(sum: Sum, { usage, costUsd, stableCostUsd }: CostEntry): void {
  sum.attempts += 1;
  if (usage !== undefined) {
    sum.inputTokens += usage.inputTokens;
    sum.outputTokens += usage.outputTokens;
    sum.cachedInputTokens += usage.cachedInputTokens;
    if (costUsd === null) sum.unpriced += 1;
  }
  if (costUsd === null) return;
  sum.costUsd += costUsd;
  if (stableCostUsd === null) return;
  sum.stableCostUsd += stableCostUsd;
  sum.savingsUsd += stableCostUsd - costUsd;
}

export function addSum(sum: Sum, other: CostTotals): Sum {
  sum.attempts += other.attempts;
  sum.inputTokens += other.inputTokens;
  sum.outputTokens += other.outputTokens;
  sum.cachedInputTokens += other.cachedInputTokens;
  sum.costUsd += other.costUsd;
  sum.unpriced += other.unpriced;
  sum.stableCostUsd += other.stableCostUsd;
  sum.savingsUsd += other.savingsUsd;
  return sum;
}

/** The sum of a name, made where there is none. */
export function sumOf<Name>(sums: Map<Name, Sum>, name: Name): Sum {
  let sum = sums.get(name);
  if (sum === undefined) sums.set(name, (sum = emptySum()));
  return sum;
}
