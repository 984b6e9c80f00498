/** What several attempts cost together. */

import type { AttemptRecord } from '../domain/attempt.ts';

/** The sum of the known costs; `null` when none is known. */
export function totalCostUsd(attempts: readonly AttemptRecord[]): number | null {
  let total: number | null = null;
  for (const { cost } of attempts) if (cost.costUsd !== null) total = (total ?? 0) + cost.costUsd;
  return total;
}
