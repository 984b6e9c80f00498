/**
 * Bets on pairs: a copy of a call, and the call itself. What makes a call hard (its length, a bad minute of the network) strikes both
 * sides of a pair, so it cancels in their difference.
 *
 * The difference D of a pair is 1 if only the copy is bad, −1 if only the call is, and 0 otherwise. The null hypothesis is E[D | past] ≤ d,
 * for a margin d. For each λ in [0, 1/(1+d)] the product of 1 + λ(D − d) over the pairs is an e-process: no factor is negative, and none has
 * an expectation above 1. For "no worse" the hypothesis is E[D | past] ≥ d, and the factor is 1 + λ(d − D), λ in [0, 1/(1−d)]. The wealth is
 * spread over a few λ. With d = 0 only discordant pairs count, as in McNemar's test, and pairs that agree cost nothing.
 *
 * Copies until a decision by simulation (`npm run simulate`, medians), against the same values judged as if no two belonged together:
 * latency × 1.2 with four fifths of its variance shared 61 against 361, × 2 9 against 33; errors 1 % × 3 beside 5 % that strike both sides
 * 1,035 against 6,394; with no cause in common 911 against 899.
 *
 * @see Waudby-Smith, Ramdas, "Estimating means of bounded random variables by betting", JRSS B 86 (2024), section 4
 * @see McNemar, "Note on the sampling error of the difference between correlated proportions", Psychometrika 12 (1947)
 */

import type { Direction } from './arm.ts';

/** The difference of a pair: 1 if only the copy is bad, −1 if only the call is, 0 otherwise. */
export type PairDifference = -1 | 0 | 1;

/** A part of the wealth, and its stake: λ as a share of the largest one. */
const STAKES: readonly (readonly [stake: number, weight: number])[] = [
  [0.1, 0.15],
  [0.3, 0.25],
  [0.55, 0.2],
  [0.8, 0.2],
  [0.97, 0.2],
];

export interface PairBet {
  /** The initial wealth of each stake; sums to 1. */
  readonly weights: readonly number[];
  /** The logarithms of the factors, from `pairRow(difference)` on, one per stake. */
  readonly logs: Float64Array;
}

const WEIGHTS: readonly number[] = STAKES.map(([, weight]) => weight);

/** @param margin the margin d, from 0 to below 1 */
export function createPairBet(direction: Direction, margin: number): PairBet {
  const sign = direction === 'worse' ? 1 : -1;
  const logs = new Float64Array(3 * STAKES.length);
  for (const difference of [-1, 0, 1] as const) {
    STAKES.forEach(([stake], index) => {
      const most = stake / (1 + sign * margin);
      logs[pairRow(difference) + index] = Math.log1p(most * sign * (difference - margin));
    });
  }
  return { weights: WEIGHTS, logs };
}

/** Where the factors of a difference begin. */
export function pairRow(difference: PairDifference): number {
  return (difference + 1) * STAKES.length;
}

/**
 * The number of pairs until the e-value is expected to reach `exp(logBound)`, if the two sides fail independently of each other.
 * `Infinity` if no stake grows.
 */
export function pairsUntil(
  { weights, logs }: PairBet,
  logBound: number,
  { stableRate, canaryRate }: { readonly stableRate: number; readonly canaryRate: number },
): number {
  const worse = canaryRate * (1 - stableRate);
  const better = stableRate * (1 - canaryRate);
  const pairs = weights.map((weight, index) => {
    const logOf = (difference: PairDifference): number => logs[pairRow(difference) + index]!;
    const growth = worse * logOf(1) + better * logOf(-1) + (1 - worse - better) * logOf(0);
    return growth > 0 ? (logBound - Math.log(weight)) / growth : Number.POSITIVE_INFINITY;
  });
  return Math.min(...pairs);
}
