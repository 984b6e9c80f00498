/** A bet on 0/1 badness with a margin: which arm did the call come from, given that it ended well or badly? */

import type { Direction } from './arm.ts';
import { isShare, Tables, type Bet } from './bet.ts';
import { OUTAGE, ratesOf } from './alternatives.ts';
import { projectRates, type RateLine, type RatePair } from './project-rates.ts';

/** A gauge's reading of stable's bad rate. */
export interface RateReading {
  readonly version: number;
  readonly rate: number;
}

export interface LabelBetInput {
  readonly direction: Direction;
  readonly line: RateLine;
  readonly stable: RateReading;
  /** 1 if badness `x` is bad, 0 if it is good, −1 while that is unknown. */
  outcomeOf(isCanary: boolean, x: number): number;
}

/**
 * The factors are a/p and (1−a)/(1−p) for a canary call, b/q and (1−b)/(1−q) for a stable call: (a, b) are the rates of
 * the alternative, (p, q) their projection on the line. The test is exact for the whole half plane, whatever the rates
 * are and however they drift, as long as both rates lie in it.
 */
export class LabelBet implements Bet {
  readonly weights: readonly number[];
  readonly outcomes = 2;
  readonly outage: number = OUTAGE;
  readonly #input: LabelBetInput;
  readonly #tables = new Tables((share) => this.#tableAt(share));

  constructor(input: LabelBetInput) {
    this.#input = input;
    this.weights = ratesOf(input.direction, input.line, input.stable.rate).map(({ weight }) => weight);
  }

  outcomeOf(isCanary: boolean, x: number): number {
    return this.#input.outcomeOf(isCanary, x);
  }

  logsAt(share: number): Float64Array {
    return this.#tables.at(share, this.#input.stable.version);
  }

  #tableAt(share: number): Float64Array {
    const { direction, line, stable } = this.#input;
    const count = this.weights.length;
    const table = new Float64Array(4 * count);
    if (!isShare(share)) return table;
    ratesOf(direction, line, stable.rate).forEach(({ rate }, index) => {
      const alternative = { canary: rate, stable: stable.rate };
      if (!isBeyond(alternative, line, direction)) return;
      const nearest = projectRates(alternative, share, line);
      table[index] = Math.log((1 - alternative.stable) / (1 - nearest.stable));
      table[count + index] = Math.log(alternative.stable / nearest.stable);
      table[2 * count + index] = Math.log((1 - alternative.canary) / (1 - nearest.canary));
      table[3 * count + index] = Math.log(alternative.canary / nearest.canary);
    });
    return table;
  }
}

/** Whether the alternative lies outside the null hypothesis. Otherwise its factors are 1. */
function isBeyond({ canary, stable }: RatePair, { ratio, add }: RateLine, direction: Direction): boolean {
  const edge = ratio * stable + add;
  return direction === 'worse' ? canary > edge : canary < edge;
}
