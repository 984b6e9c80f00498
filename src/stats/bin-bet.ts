/** A bet on a whole distribution in seven bins: which arm did the call come from, given its bin? */

import type { Direction } from './arm.ts';
import { isShare, Tables, type Bet } from './bet.ts';
import type { CutsGauge } from './cuts-gauge.ts';
import { OUTAGE, templatesOf, type Template } from './templates.ts';

/** The quantiles of stable that separate the bins. */
export const CUT_QUANTILES: readonly number[] = [0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

/** The best bin is assumed to hold a little of stable's mass, although no value was seen there. */
const LEAST_BELOW = 0.002;

export interface BinBetInput {
  readonly direction: Direction;
  readonly stable: CutsGauge;
  /** The margin, subtracted from the canary's badness. */
  readonly shift: number;
}

/**
 * For a template ρ, monotone in badness, and the canary's share w, a canary call has the factor ρ/(wρ+1−w) and a stable
 * call 1/(wρ+1−w). The test is exact against "stochastically no worse than stable after the margin" (for `noWorse`:
 * "stochastically no better").
 */
export class BinBet implements Bet {
  readonly weights: readonly number[];
  readonly outcomes: number = CUT_QUANTILES.length + 1;
  readonly outage = OUTAGE;
  readonly #input: BinBetInput;
  readonly #tables = new Tables((share) => this.#tableAt(share));
  #templates: readonly Template[] = [];
  #version = -1;

  constructor(input: BinBetInput) {
    this.#input = input;
    this.weights = templatesOf(input.direction, CUT_QUANTILES).map(({ weight }) => weight);
  }

  outcomeOf(isCanary: boolean, x: number): number {
    const { cuts } = this.#input.stable;
    if (cuts.length === 0) return -1;
    const badness = isCanary ? x - this.#input.shift : x;
    // Without the margin: values that differ by less than it are not better, only allowed.
    if (this.#hasBest && x < this.#input.stable.lowest!) return 0;
    let bin = this.#hasBest ? 1 : 0;
    while (bin < cuts.length && badness >= cuts[bin]!.at) bin += 1;
    return bin;
  }

  logsAt(share: number): Float64Array {
    return this.#tables.at(share, this.#input.stable.version);
  }

  #tableAt(share: number): Float64Array {
    const templates = this.#templatesNow();
    const { outcomes } = this;
    const count = templates.length;
    const table = new Float64Array(2 * outcomes * count);
    if (!isShare(share)) return table;
    templates.forEach(({ ratios }, index) => {
      ratios.forEach((ratio, bin) => {
        const both = Math.log(share * ratio + 1 - share);
        table[bin * count + index] = -both;
        table[(outcomes + bin) * count + index] = Math.log(ratio) - both;
      });
    });
    return table;
  }

  /**
   * Whether the best bin is that of values below all of stable's. The two lowest cuts are equal if many of stable's values are: the lowest one
   * separates nothing then, and a canary that is better than all of stable could not show it.
   */
  get #hasBest(): boolean {
    const { direction, stable } = this.#input;
    const { cuts, lowest } = stable;
    return direction === 'noWorse' && lowest !== undefined && cuts[0]?.at === cuts[1]?.at;
  }

  /** Kept because templates cost more than a table and do not depend on the share. */
  #templatesNow(): readonly Template[] {
    const { direction, stable } = this.#input;
    if (this.#version !== stable.version) {
      this.#version = stable.version;
      const below = stable.cuts.map((cut) => cut.below);
      this.#templates = templatesOf(direction, this.#hasBest ? [LEAST_BELOW, ...below.slice(1)] : below);
    }
    return this.#templates;
  }
}
