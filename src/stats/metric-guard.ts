/** One metric compared: the gauge of stable, and the evidence in one direction or both. */

import type { Direction } from './arm.ts';
import { createBets, createGauge, type Limits, type MetricGauge } from './create-bets.ts';
import type { CutsGaugeState } from './cuts-gauge.ts';
import { Evidence, type OutcomeCounts } from './evidence.ts';
import { badnessOf, type Metric } from './metric.ts';
import type { QuantileGaugeState } from './quantile-gauge.ts';
import { RateGauge, type RateGaugeState } from './rate-gauge.ts';
import { SideCounts, type Sides, type SideCountsState } from './side-counts.ts';
import type { WealthState } from './wealth-state.ts';

/** The limits that the bets of each direction test. A direction that is left out is not judged. */
export type DirectionLimits = { readonly [D in Direction]?: Limits };

/** The state as plain data, for a store. */
export interface MetricGuardState {
  readonly gauge: RateGaugeState | QuantileGaugeState | CutsGaugeState;
  /** The bad rate of both sides lately; only where the metric is a rate. */
  readonly common?: RateGaugeState | undefined;
  readonly sides: SideCountsState;
  readonly worse: readonly WealthState[];
  readonly noWorse: readonly WealthState[];
}

export class MetricGuard {
  readonly #metric: Metric;
  readonly #gauge: MetricGauge;
  /**
   * The bad rate of both sides lately. The proof bets that they are equal, so the calls of both tell it the rate, also where stable has few
   * calls left and its own rate is an old one.
   */
  readonly #common: RateGauge | undefined;
  readonly #sides = new SideCounts();
  readonly #worse: Evidence;
  #noWorse: Evidence;

  constructor(metric: Metric, { worse = {}, noWorse = {} }: DirectionLimits) {
    this.#metric = metric;
    this.#gauge = createGauge(metric);
    this.#common = this.#gauge instanceof RateGauge ? new RateGauge(undefined, COMMON_MEMORY_CALLS) : undefined;
    this.#worse = this.#evidence('worse', worse);
    this.#noWorse = this.#evidence('noWorse', noWorse);
  }

  get worse(): Evidence {
    return this.#worse;
  }

  get noWorse(): Evidence {
    return this.#noWorse;
  }

  get sides(): Sides {
    return this.#sides.sides;
  }

  observe(isCanary: boolean, value: number | boolean, share: number): void {
    const x = badnessOf(this.#metric, value);
    if (Number.isNaN(x)) return;
    this.#sides.add(isCanary, Number(value));
    this.#worse.observe(isCanary, x, share);
    this.#noWorse.observe(isCanary, x, share);
    // After the bets, which must use what was known before the call.
    if (!isCanary) this.#gauge.learn(x);
    this.#common?.learn(x);
  }

  block(counts: OutcomeCounts, share: number): void {
    this.#worse.block(counts, share);
    this.#noWorse.block(counts, share);
    if (!(this.#gauge instanceof RateGauge)) return;
    const [good = 0, bad = 0] = counts.stable;
    this.#gauge.learnMany(bad, good + bad);
    const [canaryGood = 0, canaryBad = 0] = counts.canary;
    this.#common?.learnMany(bad + canaryBad, good + bad + canaryGood + canaryBad);
  }

  /** Restarts the evidence for "no worse" against other limits. */
  restartNoWorse(limits: Limits): void {
    this.#noWorse = this.#evidence('noWorse', limits);
  }

  toJSON(): MetricGuardState {
    return {
      gauge: this.#gauge.toJSON(),
      ...(this.#common && { common: this.#common.toJSON() }),
      sides: this.#sides.toJSON(),
      worse: this.#worse.toJSON(),
      noWorse: this.#noWorse.toJSON(),
    };
  }

  restore(state: MetricGuardState): void {
    // A state of a metric always belongs to its own kind of gauge.
    this.#gauge.restore(state.gauge as never);
    if (state.common) this.#common?.restore(state.common);
    this.#sides.restore(state.sides);
    this.#worse.restore(state.worse);
    this.#noWorse.restore(state.noWorse);
  }

  /** Takes over the joint state of two processes that continued from `base` with different calls. */
  merge(one: MetricGuardState, other: MetricGuardState, base: MetricGuardState): void {
    // A state of a metric always belongs to its own kind of gauge.
    this.#gauge.merge(one.gauge as never, other.gauge as never, base.gauge as never);
    if (one.common && other.common && base.common) this.#common?.merge(one.common, other.common, base.common);
    this.#sides.restore(one.sides.map((number, index) => number + other.sides[index]! - base.sides[index]!));
    this.#worse.merge(one.worse, other.worse, base.worse);
    this.#noWorse.merge(one.noWorse, other.noWorse, base.noWorse);
  }

  #evidence(direction: Direction, limits: Limits): Evidence {
    const gauge = direction === 'noWorse' ? (this.#common ?? this.#gauge) : this.#gauge;
    return new Evidence(direction, createBets(this.#metric, gauge, direction, limits));
  }
}

/** Short, so that the rate follows an incident or a drift that strikes both sides. */
const COMMON_MEMORY_CALLS = 5_000;
