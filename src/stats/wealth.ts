/** What a gambler who begins with 1 has made of it by betting against the null hypothesis: an e-value. */

import { logSum } from './log-sum.ts';
import { mergeWealth } from './merge-wealth.ts';
import type { WealthState } from './wealth-state.ts';

/**
 * Wealth spread over alternatives, each multiplied call by call, in logarithms so that it neither overflows nor
 * vanishes. A reserve is held back and paid in over time, so that a regression that begins after many good calls does
 * not meet a gambler long ruined (Shiryaev–Roberts). Both keep the expectation of the sum at 1 under the null.
 */
export class Wealth {
  readonly #weights: readonly number[];
  /** ln of the wealth of each alternative. */
  readonly #logs: Float64Array;
  #reserve: number;
  #calls = 0;
  /** The reserve is paid in up to this call: always before the call is seen. */
  #paidUntil = 0;

  constructor(weights: readonly number[], reserve: number) {
    this.#weights = weights;
    this.#logs = Float64Array.from(weights, (weight) => Math.log(weight * (1 - reserve)));
    this.#reserve = reserve;
    if (reserve > 0) this.#payIn();
  }

  /** ln of the e-value. */
  get logValue(): number {
    const invested = logSum(this.#logs);
    return this.#reserve > 0 ? logSum([invested, Math.log(this.#reserve)]) : invested;
  }

  /** Multiplies by the factors of one call, whose logarithms begin at `row`. */
  multiply(table: Float64Array, row: number): void {
    const logs = this.#logs;
    for (let index = 0; index < logs.length; index++) logs[index]! += table[row + index]!;
    this.#calls += 1;
    if (this.#calls >= this.#paidUntil && this.#reserve > 0) this.#payIn();
  }

  /** The same for `count` calls of one outcome; `endBlock` comes after the last of a block. */
  multiplyMany(table: Float64Array, row: number, count: number): void {
    const logs = this.#logs;
    for (let index = 0; index < logs.length; index++) logs[index]! += table[row + index]! * count;
    this.#calls += count;
  }

  endBlock(): void {
    if (this.#calls >= this.#paidUntil && this.#reserve > 0) this.#payIn();
  }

  toJSON(): WealthState {
    return {
      logs: Array.from(this.#logs),
      reserve: this.#reserve,
      calls: this.#calls,
      paidUntil: this.#paidUntil,
    };
  }

  restore({ logs, reserve, calls, paidUntil }: WealthState): void {
    this.#logs.set(logs);
    this.#reserve = reserve;
    this.#calls = calls;
    this.#paidUntil = paidUntil;
  }

  /** Takes the place of two processes that both went on from `base` with calls of their own: see `mergeWealth`. */
  merge(one: WealthState, other: WealthState, base: WealthState): void {
    this.restore(mergeWealth(one, other, base, this.#weights));
    this.endBlock();
  }

  /** Pays in for the calls up to the next payment: what is left after n calls is in proportion to 1/ln(n + e). */
  #payIn(): void {
    const next = this.#calls + 1 + Math.floor(this.#calls / CALLS_PER_PAYMENT);
    const left = this.#reserve * (Math.log(this.#paidUntil + Math.E) / Math.log(next + Math.E));
    const deposit = this.#reserve - left;
    this.#logs.forEach((log, index) => {
      this.#logs[index] = logSum([log, Math.log(this.#weights[index]! * deposit)]);
    });
    this.#reserve = left;
    this.#paidUntil = next;
  }
}

/** One payment for each 1/256 more calls: late enough to be cheap, and at a share of 5 % about three canary calls at 10⁴. */
const CALLS_PER_PAYMENT = 256;
