/** The judge `'threshold'`: each guardrail compares two numbers of the step, without evidence. */

import type { GuardOptions, GuardrailEvidence, JudgedCall, Progress } from '../stats/analysis-types.ts';
import type { Verdict } from '../stats/guardrail.ts';
import { badnessOf, type Metric, metricOf, shiftOf } from '../stats/metric.ts';
import { SideCounts, type SideCountsState, type Sides } from '../stats/side-counts.ts';
import { Sketch, type SketchState } from '../stats/sketch.ts';

/** Plain data, for a store. */
export interface ThresholdState {
  readonly minCalls: number;
  readonly guards: Readonly<Record<string, ThresholdGuardState>>;
}

/**
 * Rolls back if a guardrail is worse than stable by more than its margin, or beyond its limit; anything else passes. Most deployment
 * tools work this way. It ignores chance: it rolls back many healthy canaries, more the longer they run, and a doubled error rate may be
 * within its margin. The evidence is 0 or 1.
 */
export class ThresholdAnalysis {
  readonly #options: Readonly<Record<string, GuardOptions>>;
  #minCalls: number;
  #guards: readonly ThresholdGuard[];

  /** @param minCalls number of canary calls before it decides */
  constructor(guardrails: Readonly<Record<string, GuardOptions>>, minCalls: number) {
    this.#options = guardrails;
    this.#minCalls = minCalls;
    this.#guards = this.#freshGuards();
  }

  get verdict(): Verdict {
    const held = this.#guards.map((guard) => guard.holds(this.#minCalls));
    if (held.includes(false)) return 'fail';
    return held.includes(undefined) ? 'inconclusive' : 'pass';
  }

  get rollback(): Progress {
    const broken = this.#guards.find((guard) => guard.holds(this.#minCalls) === false);
    return { evidence: broken ? 1 : 0, guardrail: (broken ?? this.#guards[0]!).name };
  }

  get guardrails(): readonly GuardrailEvidence[] {
    return this.#guards.map((guard) => {
      const holds = guard.holds(this.#minCalls);
      const { name: guardrail, sides } = guard;
      return {
        guardrail,
        rollback: holds === false ? 1 : 0,
        promotion: holds === true ? 1 : 0,
        worseLately: false,
        sides,
      };
    });
  }

  observe({ arm, values }: JudgedCall): void {
    for (const guard of this.#guards) {
      const value = values[guard.name];
      if (value !== undefined) guard.observe(arm === 'canary', value);
    }
  }

  /** Each step is judged by its own calls only. */
  startStep({ minCalls }: { readonly minCalls: number }): void {
    this.#minCalls = minCalls;
    this.#guards = this.#freshGuards();
  }

  toJSON(): ThresholdState {
    const guards = Object.fromEntries(this.#guards.map((guard) => [guard.name, guard.toJSON()]));
    return { minCalls: this.#minCalls, guards };
  }

  restore({ minCalls, guards }: ThresholdState): void {
    this.#minCalls = minCalls;
    for (const guard of this.#guards) guard.restore(guards[guard.name]!);
  }

  #freshGuards(): readonly ThresholdGuard[] {
    return Object.entries(this.#options).map(([name, options]) => new ThresholdGuard(name, options));
  }
}

/** Plain data, for a store. */
export interface ThresholdGuardState {
  readonly sides: SideCountsState;
  readonly stable: SketchState;
  readonly canary: SketchState;
  readonly beyondMax: number;
}

/** The default margins: 5 percentage points of error rate, 20 % of latency and cost, 0.05 of a score. */
const MARGINS = { rate: 0.05, ratio: 0.2, plain: 0.05 } as const;

/** One guardrail: compares the numbers of its metric in the step. */
class ThresholdGuard {
  readonly name: string;
  readonly #metric: Metric;
  /** `undefined` if only the limit counts. */
  readonly #margin: number | undefined;
  readonly #max: number | undefined;
  readonly #sides = new SideCounts();
  readonly #stable = new Sketch();
  readonly #canary = new Sketch();
  #beyondMax = 0;

  constructor(name: string, { margin, max, better }: GuardOptions) {
    this.name = name;
    this.#metric = metricOf(name, better);
    this.#margin = margin ?? (max === undefined ? defaultMargin(this.#metric) : undefined);
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

  /**
   * Whether the canary is within its limits. `undefined` before `minCalls` canary calls and one call of stable have a value of the
   * metric.
   */
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
    // A quantile exceeds the limit if more calls exceed it than the quantile allows: 5 % for a p95.
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

/** The quantile in the metric's name, else the median. */
function quantileOf(metric: Metric): number {
  return metric.kind === 'quantile' ? metric.quantile : 0.5;
}

function defaultMargin(metric: Metric): number {
  if (metric.kind === 'rate') return MARGINS.rate;
  return metric.kind === 'quantile' || metric.scale === 'ratio' ? MARGINS.ratio : MARGINS.plain;
}
