/** One metric held to a limit by its calls so far: no evidence, a comparison of two numbers. */

import type { GuardOptions } from '../stats/analysis-types.ts';
import { badnessOf, metricOf, shiftOf, type Metric } from '../stats/metric.ts';
import { SideCounts, type Sides, type SideCountsState } from '../stats/side-counts.ts';
import { Sketch, type SketchState } from '../stats/sketch.ts';

/** Plain data, for a store. */
export interface ThresholdGuardState {
  readonly sides: SideCountsState;
  readonly stable: SketchState;
  readonly canary: SketchState;
  readonly beyondMax: number;
}

/** Where the user names no margin: 5 points of error rate, 20 % of latency and cost, 0.05 of a score. */
const MARGINS = { rate: 0.05, ratio: 0.2, plain: 0.05 } as const;

export class ThresholdGuard {
  readonly name: string;
  readonly #metric: Metric;
  /** `undefined` where only the limit counts. */
  readonly #margin: number | undefined;
  readonly #max: number | undefined;
  readonly #sides = new SideCounts();
  readonly #stable = new Sketch();
  readonly #canary = new Sketch();
  #beyondMax = 0;

  constructor(name: string, { margin, max, better }: GuardOptions) {
    this.name = name;
    this.#metric = metricOf(name, better);
    this.#margin = margin ?? (max === undefined ? usualMargin(this.#metric) : undefined);
    this.#max = max;
  }

  get sides(): Sides {
    return this.#sides.sides;
  }

  observe(isCanary: boolean, value: number | boolean): void {
    const x = badnessOf(this.#metric, value);
    if (Number.isNaN(x)) return;
    this.#sides.add(isCanary, Number(value));
    (isCanary ? this.#canary : this.#stable).add(x);
    if (isCanary && this.#max !== undefined && x > badnessOf(this.#metric, this.#max)) this.#beyondMax += 1;
  }

  /** Whether the canary keeps within its limits; `undefined` before so many of its calls, and before one of stable's, told the metric. */
  holds(minCalls: number): boolean | undefined {
    const { stable, canary } = this.#sides.sides;
    if (canary.calls < Math.max(1, minCalls)) return undefined;
    if (this.#margin === undefined) return !this.#isBeyondMax(canary.calls);
    if (stable.calls === 0) return undefined;
    return !this.#isBeyondMax(canary.calls) && !this.#isBeyondMargin(this.#margin);
  }

  toJSON(): ThresholdGuardState {
    return {
      sides: this.#sides.toJSON(),
      stable: this.#stable.toJSON(),
      canary: this.#canary.toJSON(),
      beyondMax: this.#beyondMax,
    };
  }

  restore({ sides, stable, canary, beyondMax }: ThresholdGuardState): void {
    this.#sides.restore(sides);
    this.#stable.restore(stable);
    this.#canary.restore(canary);
    this.#beyondMax = beyondMax;
  }

  #isBeyondMax(calls: number): boolean {
    if (this.#max === undefined) return false;
    if (this.#metric.kind === 'rate') return (this.#sides.sides.canary.mean ?? 0) > this.#max;
    // A quantile is above a number where more calls are than the quantile lets be.
    return this.#beyondMax > (1 - quantileOf(this.#metric)) * calls;
  }

  #isBeyondMargin(margin: number): boolean {
    const { stable, canary } = this.#sides.sides;
    if (this.#metric.kind === 'rate') return (canary.mean ?? 0) > (stable.mean ?? 0) + margin;
    const quantile = quantileOf(this.#metric);
    const { at: ofStable } = this.#stable.cutAt(quantile, stable.calls);
    return this.#canary.cutAt(quantile, canary.calls).at > ofStable + shiftOf(this.#metric, margin);
  }
}

/** The one that the metric names, else the median. */
function quantileOf(metric: Metric): number {
  return metric.kind === 'quantile' ? metric.quantile : 0.5;
}

function usualMargin(metric: Metric): number {
  if (metric.kind === 'rate') return MARGINS.rate;
  return metric.kind === 'quantile' || metric.scale === 'ratio' ? MARGINS.ratio : MARGINS.plain;
}
