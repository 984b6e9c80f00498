/** A bet on which arm a call came from, once it is known how it ended. */

/** Turns what was seen into factors, one for each alternative that wealth is spread over. */
export interface Bet {
  /** How much of the wealth each alternative begins with; sums to 1. */
  readonly weights: readonly number[];
  /** How many outcomes are told apart; the last is the worst. */
  readonly outcomes: number;
  /** The outcome of a call of badness `x`; −1 where it is no evidence, for want of anything to compare with. */
  outcomeOf(isCanary: boolean, x: number): number;
  /** The logarithms of the factors at this share, by `rowOf`; 0 says nothing. Fixed until `version` of the gauge moves. */
  logsAt(share: number): Float64Array;
}

/** Where the factors of an outcome begin, one for each alternative: stable's outcomes come first. */
export function rowOf(bet: Bet, isCanary: boolean, outcome: number): number {
  return ((isCanary ? bet.outcomes : 0) + outcome) * bet.weights.length;
}

/** Where one arm gets all calls, a call's arm says nothing. */
export function isShare(share: number): boolean {
  return share > 0 && share < 1;
}

/** Tables by share. Calls that run at once may have been dispatched under different shares, so a few are kept. */
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

  /** @param version of what the tables are made from; they are made anew when it changes */
  at(share: number, version: number): Float64Array {
    if (version === this.#version && share === this.#lastShare) return this.#last;
    if (version !== this.#version) this.#clear(version);
    const place = this.#shares.indexOf(share);
    const table = place < 0 ? this.#keep(share) : this.#tables[place]!;
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
