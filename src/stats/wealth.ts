/**
 * The wealth of a gambler who starts with 1 and bets against the null hypothesis: an e-value.
 *
 * This folder uses the words of testing by betting: a *bet* multiplies the gambler's *wealth* by a factor of
 * expectation at most 1 under the null hypothesis, so the wealth is an *e-value*, and over time an *e-process*. By
 * Ville's inequality it reaches 1/α with probability at most α, however often it is read.
 *
 * @see Shafer, "Testing by betting: a strategy for statistical and scientific communication", JRSS A 184 (2021)
 * @see Ramdas, Grünwald, Vovk, Shafer, "Game-theoretic statistics and safe anytime-valid inference", Statistical
 * Science 38 (2023)
 * @see Grünwald, de Heide, Koolen, "Safe testing", JRSS B 86 (2024)
 * @see Page, "Continuous inspection schemes", Biometrika 41 (1954)
 */

import { logSum } from './log-sum.ts';
import { mergeWealth } from './merge-wealth.ts';
import { reserveLeft } from './reserve.ts';
import type { WealthState } from './wealth-state.ts';

/**
 * Wealth spread over alternatives. Each is multiplied call by call, as a logarithm, so that it neither overflows nor
 * vanishes.
 *
 * A reserve is held back and paid in over time. A regression that begins after many good calls then does not meet a
 * gambler who was ruined long ago (Shiryaev–Roberts). Both keep the expectation of the sum at 1 under the null
 * hypothesis.
 */
export class Wealth {
  readonly #weights: readonly number[];
  /** ln of the wealth on each alternative. */
  readonly #logs: Float64Array;
  /** The alternative that `onset` bets on. */
  readonly #outage: number | undefined;
  #onset = 0;
  #reserve: number;
  /** Calls of the canary: stable's calls alone reveal no regression. */
  #calls = 0;
  /** The reserve is paid in up to this call, always before the call is counted. */
  #paidUntil = 0;

  /**
   * @param weights the initial wealth of each alternative; sums to 1
   * @param reserve the part held back, 0–1
   * @param outage the alternative that `onset` bets on
   */
  constructor(weights: readonly number[], reserve: number, outage?: number) {
    this.#outage = outage;
    this.#weights = weights;
    this.#logs = Float64Array.from(weights, (weight) => Math.log(weight * (1 - reserve)));
    this.#reserve = reserve;
    this.#payIn();
  }

  /** ln of the e-value. */
  get logValue(): number {
    const invested = logSum(this.#logs);
    return this.#reserve > 0 ? logSum([invested, Math.log(this.#reserve)]) : invested;
  }

  /**
   * Whether an outage seems to have begun: ln of what a bet on it has won since its lowest point, the cumulative sum of Page. Above 0 after a
   * failure, until enough good calls follow. It decides nothing by itself: a healthy canary has such moments too.
   */
  get onset(): number {
    return this.#onset;
  }

  /** Multiplies the wealth by the factors of one call, whose logarithms begin at `row`. */
  multiply(table: Float64Array, row: number, isCanary: boolean): void {
    const logs = this.#logs;
    for (let index = 0; index < logs.length; index++) logs[index]! += table[row + index]!;
    if (this.#outage !== undefined) this.#onset = Math.max(0, this.#onset + table[row + this.#outage]!);
    if (!isCanary) return;
    this.#calls += 1;
    if (this.#calls >= this.#paidUntil) this.#payIn();
  }

  /** Multiplies the wealth for `count` calls of one outcome in a block, which `endBlock` ends. */
  multiplyMany(table: Float64Array, row: number, count: number): void {
    const logs = this.#logs;
    for (let index = 0; index < logs.length; index++) logs[index]! += table[row + index]! * count;
    if (this.#outage !== undefined) this.#onset = Math.max(0, this.#onset + table[row + this.#outage]! * count);
  }

  /** @param canaryCalls the canary calls of the block */
  endBlock(canaryCalls: number): void {
    this.#calls += canaryCalls;
    if (this.#calls >= this.#paidUntil) this.#payIn();
  }

  toJSON(): WealthState {
    return {
      logs: Array.from(this.#logs),
      reserve: this.#reserve,
      calls: this.#calls,
      paidUntil: this.#paidUntil,
      ...(this.#outage !== undefined && { onset: this.#onset }),
    };
  }

  restore({ logs, reserve, calls, paidUntil, onset = 0 }: WealthState): void {
    this.#logs.set(logs);
    this.#reserve = reserve;
    this.#calls = calls;
    this.#paidUntil = paidUntil;
    this.#onset = onset;
  }

  /** Takes over the joint wealth of two processes that continued from `base`: see `mergeWealth`. */
  merge(one: WealthState, other: WealthState, base: WealthState): void {
    this.restore(mergeWealth(one, other, base, this.#weights));
    this.endBlock(0);
  }

  /** Pays in for the calls up to the next payment. */
  #payIn(): void {
    const next = this.#calls + 1 + Math.floor(this.#calls / CALLS_PER_PAYMENT);
    const left = (this.#reserve * reserveLeft(next)) / reserveLeft(this.#paidUntil);
    const deposit = this.#reserve - left;
    this.#reserve = left;
    this.#paidUntil = next;
    if (deposit <= 0) return;
    for (let index = 0; index < this.#logs.length; index++) {
      this.#logs[index] = logSum([this.#logs[index]!, Math.log(this.#weights[index]! * deposit)]);
    }
  }
}

/**
 * A payment each time the canary's calls have grown by 1/1024. That is cheap, and at 20,000 calls a payment is at most
 * about ten calls old.
 */
const CALLS_PER_PAYMENT = 1_024;
