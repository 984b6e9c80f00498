/** The alternatives that wealth is spread over: what the canary's bad rate could be. */

import type { Direction } from './arm.ts';
import type { RateLine } from './project-rates.ts';

export interface Alternative {
  /** The canary's bad rate, 0–1. */
  readonly rate: number;
  /** The part of the wealth that is bet on it, 0–1. */
  readonly weight: number;
}

/** The alternatives to `line` for the bad rate `base` of stable. Their number and weights depend on neither. */
export function ratesOf(direction: Direction, { ratio, add }: RateLine, base: number): readonly Alternative[] {
  if (direction === 'noWorse') {
    const factors = ratio === 1 && add === 0 ? BETTER : NO_WORSE;
    return factors.map(([factor, weight]) => ({ rate: base * factor, weight }));
  }
  const edge = Math.min(0.999, ratio * base + add);
  const multiples = WORSE.map(([factor, weight]) => ({ rate: atOdds(edge, factor), weight }));
  return [...multiples, ...OUTAGES.map(([rate, weight]) => ({ rate, weight }))];
}

/** A multiple of the odds. It is close to a multiple of the rate for small rates, and never above 1. */
function atOdds(rate: number, factor: number): number {
  const odds = (factor * rate) / (1 - rate);
  return odds / (1 + odds);
}

/**
 * More wealth on alternatives that are detected quickly: for them, a factor of wealth is a larger part of the delay.
 */
const WORSE: readonly (readonly [factor: number, weight: number])[] = [
  [1.6, 0.19],
  [2.6, 0.15],
  [4.5, 0.16],
  [9, 0.21],
  [20, 0.1],
];

/** The index of the alternative with half of the calls bad. */
export const OUTAGE: number = WORSE.length;

const OUTAGES: readonly (readonly [rate: number, weight: number])[] = [
  [0.5, 0.14],
  [0.95, 0.05],
];

/** With a margin, a canary that is as good as stable is enough. */
const NO_WORSE: readonly (readonly [factor: number, weight: number])[] = [
  [1, 0.7],
  [0.7, 0.3],
];

/** Without a margin, only a better canary can be distinguished from the null hypothesis. */
const BETTER: readonly (readonly [factor: number, weight: number])[] = [
  [0.8, 0.3],
  [0.5, 0.4],
  [0.2, 0.3],
];
