/** The evidence on one metric in one direction: its bets, and what wealth they have made. */

import type { Arm, Direction } from './arm.ts';
import { rowOf, type Bet } from './bet.ts';
import { logSum } from './log-sum.ts';
import { Wealth } from './wealth.ts';
import type { WealthState } from './wealth-state.ts';

/** How often each outcome was seen, the best first. */
export type OutcomeCounts = Readonly<Record<Arm, readonly number[]>>;

/** An e-process: its value exceeds 1/α with probability at most α, however long it is watched, if the null holds. */
export class Evidence {
  readonly #direction: Direction;
  readonly #bets: readonly Bet[];
  readonly #wealth: readonly Wealth[];
  /** Kept until the next call. */
  #logValue: number | undefined;

  constructor(direction: Direction, bets: readonly Bet[]) {
    this.#direction = direction;
    this.#bets = bets;
    this.#wealth = bets.map(({ weights }) => new Wealth(weights, direction === 'worse' ? RESERVE : 0));
  }

  /** ln of the e-value: of two bets the mean if they are to show what is worse, the lesser if no worse. */
  get logValue(): number {
    this.#logValue ??= this.#combined();
    return this.#logValue;
  }

  /** Counts one call of badness `x`; `share` is the probability, known before, that a call was the canary's. */
  observe(isCanary: boolean, x: number, share: number): void {
    this.#logValue = undefined;
    for (let index = 0; index < this.#bets.length; index++) {
      const bet = this.#bets[index]!;
      const outcome = bet.outcomeOf(isCanary, x);
      if (outcome >= 0) this.#wealth[index]!.multiply(bet.logsAt(share), rowOf(bet, isCanary, outcome), isCanary);
    }
  }

  /** Counts calls whose order does not matter, all of one share. */
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

/** The part of the wealth that is kept for a late onset. */
const RESERVE = 0.1;
