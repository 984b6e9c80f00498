/** The quantiles of stable's distribution so far, which separate the outcomes of a bet. */

import { GROWTH, MEMORY_CALLS, type Gauge } from './gauge.ts';
import { Sketch, type Cut, type SketchState } from './sketch.ts';

/** The state as plain numbers, for a store. */
export interface CutsGaugeState {
  readonly calls: number;
  readonly nextAt: number;
  readonly at: readonly number[];
  readonly below: readonly number[];
  readonly lowest?: number | undefined;
  readonly sketch: SketchState;
}

/** A gauge of several quantiles. It has no cuts before the first 10 calls of stable. */
export class CutsGauge implements Gauge {
  readonly #quantiles: readonly number[];
  readonly #sketch = new Sketch();
  #cuts: readonly Cut[] = [];
  #lowest: number | undefined;
  #calls = 0;
  #nextAt = FIRST_CALLS;
  #version = 0;

  /** @param quantiles in rising order, 0–1 */
  constructor(quantiles: readonly number[]) {
    this.#quantiles = quantiles;
  }

  get version(): number {
    return this.#version;
  }

  /** The reading: one cut per quantile, or an empty list at first. */
  get cuts(): readonly Cut[] {
    return this.#cuts;
  }

  /** No call of stable was below this, up to the latest reading; `undefined` if that is unknown. */
  get lowest(): number | undefined {
    return this.#lowest;
  }

  learn(x: number): void {
    this.#sketch.add(x);
    this.#calls += 1;
    if (this.#calls >= this.#nextAt) this.#refresh();
  }

  toJSON(): CutsGaugeState {
    return {
      calls: this.#calls,
      nextAt: this.#nextAt,
      at: this.#cuts.map(({ at }) => at),
      below: this.#cuts.map(({ below }) => below),
      lowest: this.#lowest,
      sketch: this.#sketch.toJSON(),
    };
  }

  restore({ calls, nextAt, at, below, lowest, sketch }: CutsGaugeState): void {
    this.#lowest = lowest;
    this.#calls = calls;
    this.#nextAt = nextAt;
    this.#cuts = at.map((cut, index) => ({ at: cut, below: below[index]! }));
    this.#sketch.restore(sketch);
    this.#version += 1;
  }

  merge(one: CutsGaugeState, other: CutsGaugeState, base: CutsGaugeState): void {
    this.restore(one.nextAt < other.nextAt ? other : one);
    this.#sketch.restore(one.sketch);
    this.#sketch.addAll(other.sketch, 1);
    this.#sketch.addAll(base.sketch, -1);
    this.#calls = Math.max(one.calls, other.calls, one.calls + other.calls - base.calls);
    if (this.#calls >= this.#nextAt) this.#refresh();
  }

  #refresh(): void {
    this.#lowest = this.#sketch.lowest;
    this.#cuts = this.#quantiles.map((quantile) => this.#sketch.cutAt(quantile, this.#calls));
    if (this.#calls > MEMORY_CALLS) {
      this.#sketch.halve();
      this.#calls /= 2;
    }
    this.#nextAt = this.#calls * GROWTH;
    this.#version += 1;
  }
}

const FIRST_CALLS = 10;
