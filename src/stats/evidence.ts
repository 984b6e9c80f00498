/** The evidence on one metric in one direction: its bets and the wealth that they have made. */

import type { Arm, Direction } from './arm.ts';
import { rowOf, type Bet } from './bet.ts';
import { logSum } from './log-sum.ts';
import { Wealth } from './wealth.ts';
import type { WealthState } from './wealth-state.ts';

/** The number of calls per outcome, best outcome first. */
export type OutcomeCounts = Readonly<Record<Arm, readonly number[]>>;

/**
 * An e-process: under the null hypothesis its value reaches 1/α with probability at most α, however long it is watched.
 */
export class Evidence {
  readonly #direction: Direction;
  readonly #bets: readonly Bet[];
  readonly #wealth: readonly Wealth[];
  /** Cached until the next call. */
  #logValue: number | undefined;

  constructor(direction: Direction, bets: readonly Bet[]) {
    this.#direction = direction;
    this.#bets = bets;
    this.#wealth = bets.map(({ weights, outage }) =>
      direction === 'worse' ? new Wealth(weights, RESERVE, outage) : new Wealth(weights, 0),
    );
  }

  /** ln of the e-value. Of two bets: the mean for `worse`, the smaller one for `noWorse`. */
  get logValue(): number {
    this.#logValue ??= this.#combined();
    return this.#logValue;
  }

  /** Whether the latest calls are four times as likely in an outage as they are usually; only for `worse`. */
  get isOnset(): boolean {
    return this.#wealth.some(({ onset }) => onset >= SUSPICIOUS);
  }

  /**
   * Counts one call of badness `x`. `share` is the probability, known before the call, that it was assigned to the
   * canary.
   */
  observe(isCanary: boolean, x: number, share: number): void {
    this.#logValue = undefined;
    for (let index = 0; index < this.#bets.length; index++) {
      const bet = this.#bets[index]!;
      const outcome = bet.outcomeOf(isCanary, x);
      if (outcome >= 0) this.#wealth[index]!.multiply(bet.logsAt(share), rowOf(bet, isCanary, outcome), isCanary);
    }
  }

  /** Counts calls of one share whose order does not matter. */
  block(counts: OutcomeCounts, share: number): void {
    this.#logValue = undefined;
    const canaryCalls = counts.canary.reduce((sum, count) => sum + count, 0);
    this.#bets.forEach((bet, index) => {
      const wealth = this.#wealth[index]!;
      const table = bet.logsAt(share);
      counts.stable.forEach((count, outcome) => wealth.multiplyMany(table, rowOf(bet, false, outcome), count));
      counts.canary.forEach((count, outcome) => wealth.multiplyMany(table, rowOf(bet, true, outcome), count));
      wealth.endBlock(canaryCalls);
    });
  }

  toJSON(): readonly WealthState[] {
    return this.#wealth.map((wealth) => wealth.toJSON());
  }

  restore(states: readonly WealthState[]): void {
    this.#logValue = undefined;
    this.#wealth.forEach((wealth, index) => wealth.restore(states[index]!));
  }

  merge(one: readonly WealthState[], other: readonly WealthState[], base: readonly WealthState[]): void {
    this.#logValue = undefined;
    this.#wealth.forEach((wealth, index) => wealth.merge(one[index]!, other[index]!, base[index]!));
  }

  #combined(): number {
    const logs = this.#wealth.map(({ logValue }) => logValue);
    if (logs.length === 0) return 0;
    return this.#direction === 'worse' ? logSum(logs) - Math.log(logs.length) : Math.min(...logs);
  }
}

/** One failure where failures are rare, several where they are usual. */
const SUSPICIOUS = Math.log(4);

/** The part of the wealth that is reserved for a late onset of a regression. */
const RESERVE = 0.1;
