/** A bet against an absolute limit on the canary's bad rate, independent of stable. */

import type { Direction } from './arm.ts';
import type { Bet } from './bet.ts';

export interface LimitBetInput {
  readonly direction: Direction;
  /** The highest allowed bad rate, within (0, 1). */
  readonly rate: number;
  isBad(x: number): boolean;
}

/** The likelihood ratio of the canary's calls against `rate` (Wald 1945). Stable's calls are no evidence. */
export class LimitBet implements Bet {
  readonly weights: readonly number[];
  readonly outcomes = 2;
  readonly outage: number = WORSE_ODDS.indexOf(12);
  readonly #input: LimitBetInput;
  readonly #table: Float64Array;

  constructor(input: LimitBetInput) {
    this.#input = input;
    const odds = input.direction === 'worse' ? WORSE_ODDS : NO_WORSE_ODDS;
    this.weights = odds.map(() => 1 / odds.length);
    this.#table = tableOf(input.rate, odds);
  }

  outcomeOf(_isCanary: boolean, x: number): number {
    return this.#input.isBad(x) ? 1 : 0;
  }

  logsAt(): Float64Array {
    return this.#table;
  }
}

/** The alternatives, as multiples of the odds of the limit. */
const WORSE_ODDS = [1.5, 2.5, 5, 12, 40] as const;
const NO_WORSE_ODDS = [0.7, 0.4, 0.1] as const;

function tableOf(limit: number, odds: readonly number[]): Float64Array {
  const count = odds.length;
  const table = new Float64Array(4 * count);
  odds.forEach((factor, index) => {
    const rate = (factor * limit) / (1 - limit + factor * limit);
    table[2 * count + index] = Math.log((1 - rate) / (1 - limit));
    table[3 * count + index] = Math.log(rate / limit);
  });
  return table;
}
