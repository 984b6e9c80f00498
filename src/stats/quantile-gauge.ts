/** A quantile of stable's distribution, and how often stable itself is above it. */

import { CutsGauge, type CutsGaugeState } from './cuts-gauge.ts';
import type { Gauge } from './gauge.ts';
import { RateGauge, type RateGaugeState } from './rate-gauge.ts';

/** The state as plain numbers, for a store. */
export interface QuantileGaugeState {
  readonly cut: CutsGaugeState;
  readonly above: RateGaugeState;
}

/** A call is bad if it is at or above the quantile that stable had before it. */
export class QuantileGauge implements Gauge {
  readonly #cut: CutsGauge;
  readonly #above: RateGauge;

  constructor(quantile: number) {
    this.#cut = new CutsGauge([quantile]);
    this.#above = new RateGauge(1 - quantile);
  }

  get version(): number {
    return this.#cut.version + this.#above.version;
  }

  /** `Infinity` until stable has enough calls. */
  get threshold(): number {
    return this.#cut.cuts[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** The share of stable's calls above the threshold, 0–1. */
  get rate(): number {
    return this.#above.rate;
  }

  learn(x: number): void {
    const { threshold } = this;
    if (threshold !== Number.POSITIVE_INFINITY) this.#above.learn(x >= threshold ? 1 : 0);
    this.#cut.learn(x);
  }

  toJSON(): QuantileGaugeState {
    return { cut: this.#cut.toJSON(), above: this.#above.toJSON() };
  }

  restore({ cut, above }: QuantileGaugeState): void {
    this.#cut.restore(cut);
    this.#above.restore(above);
  }

  merge(one: QuantileGaugeState, other: QuantileGaugeState, base: QuantileGaugeState): void {
    this.#cut.merge(one.cut, other.cut, base.cut);
    this.#above.merge(one.above, other.above, base.above);
  }
}
