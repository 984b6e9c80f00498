/** How fast evidence grows on average, and so how many calls a decision takes. */

import { rowOf, type Bet } from './bet.ts';

/** Expected traffic. Rates are 0–1. */
export interface ExpectedTraffic {
  /** The canary's share of calls, within (0, 1). */
  readonly share: number;
  readonly stableRate: number;
  readonly canaryRate: number;
}

/**
 * The number of calls of both sides until the e-value of a bet on 0/1 badness is expected to reach `exp(logBound)`. It
 * is that of the fastest alternative, since its wealth is a part of the sum. `Infinity` if no alternative grows.
 */
export function callsUntil(bet: Bet, logBound: number, traffic: ExpectedTraffic): number {
  const calls = bet.weights.map((weight, index) => {
    const growth = growthOf(bet, index, traffic);
    return growth > 0 ? (logBound - Math.log(weight)) / growth : Number.POSITIVE_INFINITY;
  });
  return Math.min(...calls);
}

/** The mean logarithm of an alternative's factor per call. */
function growthOf(bet: Bet, index: number, { share, stableRate, canaryRate }: ExpectedTraffic): number {
  const table = bet.logsAt(share);
  const logOf = (isCanary: boolean, outcome: number): number => table[rowOf(bet, isCanary, outcome) + index]!;
  const ofCanary = canaryRate * logOf(true, 1) + (1 - canaryRate) * logOf(true, 0);
  const ofStable = stableRate * logOf(false, 1) + (1 - stableRate) * logOf(false, 0);
  return share * ofCanary + (1 - share) * ofStable;
}
