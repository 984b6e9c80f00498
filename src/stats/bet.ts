/** A bet on the arm that a call came from, given how it ended. */

/** Turns an outcome into factors, one per alternative that wealth is spread over. */
export interface Bet {
  /** The initial wealth of each alternative; sums to 1. */
  readonly weights: readonly number[];
  /** The index of the alternative that stands for an outage: most calls are bad. */
  readonly outage: number;
  /** The number of outcomes that the bet distinguishes; the last one is the worst. */
  readonly outcomes: number;
  /**
   * The outcome of a call with badness `x`; −1 if it is no evidence because there is nothing to compare it with yet.
   */
  outcomeOf(isCanary: boolean, x: number): number;
  /**
   * The logarithms of the factors at this share, indexed by `rowOf`; 0 is no evidence. Constant until the gauge's
   * `version` changes.
   */
  logsAt(share: number): Float64Array;
}

/** The index at which the factors of an outcome begin, one per alternative. Stable's outcomes come first. */
export function rowOf(bet: Bet, isCanary: boolean, outcome: number): number {
  return ((isCanary ? bet.outcomes : 0) + outcome) * bet.weights.length;
}

/** If one arm gets all calls, the arm of a call is no evidence. */
export function isShare(share: number): boolean {
  return share > 0 && share < 1;
}

/** Tables by share. Concurrent calls may have been dispatched under different shares, so a few tables are kept. */
export class Tables {
  readonly #make: (share: number) => Float64Array;
  readonly #shares: number[] = [];
  readonly #tables: Float64Array[] = [];
  #lastShare = Number.NaN;
  #last: Float64Array = new Float64Array();
  #next = 0;
  #version = -1;

  constructor(make: (share: number) => Float64Array) {
    this.#make = make;
  }

  /** @param version version of the data that the tables are made from; they are rebuilt when it changes */
  at(share: number, version: number): Float64Array {
    if (version === this.#version && share === this.#lastShare) return this.#last;
    if (version !== this.#version) this.#clear(version);
    const index = this.#shares.indexOf(share);
    const table = index < 0 ? this.#keep(share) : this.#tables[index]!;
    this.#lastShare = share;
    this.#last = table;
    return table;
  }

  #clear(version: number): void {
    this.#version = version;
    this.#shares.length = 0;
    this.#tables.length = 0;
    this.#next = 0;
  }

  #keep(share: number): Float64Array {
    const table = this.#make(share);
    this.#shares[this.#next] = share;
    this.#tables[this.#next] = table;
    this.#next = (this.#next + 1) % MAX_TABLES;
    return table;
  }
}

const MAX_TABLES = 8;
