/** One metric judged by pairs of a copy and its call: both limits of both directions. */

import type { Direction } from './arm.ts';
import { rowOf } from './bet.ts';
import { createGauge, createLimitBet, type Limits, type MetricGauge } from './create-bets.ts';
import type { LimitBet } from './limit-bet.ts';
import { logSum } from './log-sum.ts';
import { badnessOf, type Metric, shiftOf } from './metric.ts';
import type { MetricGuardState } from './metric-guard.ts';
import { createPairBet, type PairBet, type PairDifference, pairRow } from './pair-bet.ts';
import { QuantileGauge } from './quantile-gauge.ts';
import { SideCounts, type Sides } from './side-counts.ts';
import { Wealth } from './wealth.ts';
import type { WealthState } from './wealth-state.ts';

/** The part of the wealth that is reserved for a late onset of a regression. */
const RESERVE = 0.1;

export class PairGuard {
  readonly #metric: Metric;
  readonly #gauge: MetricGauge;
  readonly #sides = new SideCounts();
  readonly #worse: PairEvidence;
  #noWorse: PairEvidence;

  constructor(metric: Metric, { worse, noWorse }: Readonly<Record<Direction, Limits>>) {
    this.#metric = metric;
    this.#gauge = createGauge(metric);
    this.#worse = new PairEvidence(metric, 'worse', worse);
    this.#noWorse = new PairEvidence(metric, 'noWorse', noWorse);
  }

  /** ln of the e-value against "no worse than the margin and the limit". */
  get worse(): number {
    return this.#worse.logValue;
  }

  /** ln of the e-value for it. */
  get noWorse(): number {
    return this.#noWorse.logValue;
  }

  get sides(): Sides {
    return this.#sides.sides;
  }

  /** Counts a pair. Without the value of one side nothing is compared, but a limit on the copy still holds. */
  observe(copy: number | undefined, real: number | undefined): void {
    const ofCopy = copy === undefined ? Number.NaN : badnessOf(this.#metric, copy);
    const ofReal = real === undefined ? Number.NaN : badnessOf(this.#metric, real);
    if (!Number.isNaN(ofCopy)) this.#sides.add(true, Number(copy));
    if (!Number.isNaN(ofReal)) this.#sides.add(false, Number(real));
    for (const evidence of [this.#worse, this.#noWorse]) {
      evidence.observe(ofCopy, this.#differenceOf(ofCopy, ofReal, evidence.shift));
    }
    // After the bets, which must use what was known before the pair.
    if (!Number.isNaN(ofReal)) this.#gauge.learn(ofReal);
  }

  /** Restarts the evidence for "no worse" against other limits. */
  restartNoWorse(limits: Limits): void {
    this.#noWorse = new PairEvidence(this.#metric, 'noWorse', limits);
  }

  toJSON(): MetricGuardState {
    return {
      gauge: this.#gauge.toJSON(),
      sides: this.#sides.toJSON(),
      worse: this.#worse.toJSON(),
      noWorse: this.#noWorse.toJSON(),
    };
  }

  restore({ gauge, sides, worse, noWorse }: MetricGuardState): void {
    // A state of a metric always belongs to its own kind of gauge.
    this.#gauge.restore(gauge as never);
    this.#sides.restore(sides);
    this.#worse.restore(worse);
    this.#noWorse.restore(noWorse);
  }

  /**
   * The difference of a pair, `undefined` if it tells nothing. A rate: which side failed. A quantile: which side is above the quantile that
   * calls had so far. A distribution: which side is worse, by the margin at least.
   */
  #differenceOf(copy: number, real: number, shift: number): PairDifference | undefined {
    if (Number.isNaN(copy) || Number.isNaN(real)) return undefined;
    const gauge = this.#gauge;
    if (this.#metric.kind === 'rate') return difference(copy > 0, real > 0);
    if (gauge instanceof QuantileGauge) {
      const { threshold } = gauge;
      if (threshold === Number.POSITIVE_INFINITY) return undefined;
      return difference(copy - shift >= threshold, real >= threshold);
    }
    // Both failed, which says nothing about their values.
    if (copy === Number.POSITIVE_INFINITY && real === Number.POSITIVE_INFINITY) return 0;
    // Two equal values of 0 differ by less than any margin, although their logarithms cannot be shifted.
    if (copy === real) return shift > 0 ? -1 : 0;
    return difference(copy - shift > real, copy - shift < real);
  }
}

function difference(isCopyWorse: boolean, isRealWorse: boolean): PairDifference {
  if (isCopyWorse === isRealWorse) return 0;
  return isCopyWorse ? 1 : -1;
}

/** The evidence in one direction: a bet against the margin and one against the limit, as far as they are set. */
class PairEvidence {
  /** The margin as an amount of badness, for metrics that are not rates. */
  readonly shift: number;
  readonly #direction: Direction;
  readonly #pairs: { readonly bet: PairBet; readonly wealth: Wealth } | undefined;
  readonly #limit: { readonly bet: LimitBet; readonly wealth: Wealth } | undefined;

  constructor(metric: Metric, direction: Direction, { margin, max }: Limits) {
    this.#direction = direction;
    this.shift = margin === undefined ? 0 : shiftOf(metric, margin);
    const reserve = direction === 'worse' ? RESERVE : 0;
    if (margin !== undefined) {
      const bet = createPairBet(direction, metric.kind === 'rate' ? margin : 0);
      this.#pairs = { bet, wealth: new Wealth(bet.weights, reserve) };
    }
    if (max !== undefined) {
      const bet = createLimitBet(metric, direction, max);
      this.#limit = { bet, wealth: new Wealth(bet.weights, reserve) };
    }
  }

  /** ln of the e-value. Of two bets: the mean for `worse`, the smaller one for `noWorse`. */
  get logValue(): number {
    const logs = this.#wealths.map(({ logValue }) => logValue);
    if (logs.length === 0) return 0;
    return this.#direction === 'worse' ? logSum(logs) - Math.log(logs.length) : Math.min(...logs);
  }

  observe(copy: number, pair: PairDifference | undefined): void {
    if (this.#pairs && pair !== undefined) {
      const { bet, wealth } = this.#pairs;
      wealth.multiply(bet.logs, pairRow(pair), true);
    }
    if (!this.#limit || Number.isNaN(copy)) return;
    const { bet, wealth } = this.#limit;
    wealth.multiply(bet.logsAt(), rowOf(bet, true, bet.outcomeOf(true, copy)), true);
  }

  toJSON(): readonly WealthState[] {
    return this.#wealths.map((wealth) => wealth.toJSON());
  }

  restore(states: readonly WealthState[]): void {
    this.#wealths.forEach((wealth, index) => wealth.restore(states[index]!));
  }

  get #wealths(): readonly Wealth[] {
    return [this.#pairs?.wealth, this.#limit?.wealth].filter((wealth) => wealth !== undefined);
  }
}
