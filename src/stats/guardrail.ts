/** One metric compared in one direction, for offline analyses and tests. */

import type { Arm, Direction } from './arm.ts';
import { checkAlpha, checkLimits } from './check-limits.ts';
import { rollbackMargin, stepMargin } from './margins.ts';
import { metricOf, type Better, type MetricName } from './metric.ts';
import { MetricGuard, type MetricGuardState } from './metric-guard.ts';

export interface GuardrailOptions {
  readonly metric: MetricName;
  /**
   * How much worse than stable the canary may be: relative (0.2 is 20 %) for latency and cost, absolute for rates and
   * scores. For scores with few values (stars, passed or not) `noWorse` needs a margin wider than one step, or a better
   * canary.
   * @default for `worse`: 0 for rates, 0.2 for latency and cost, 0.05 for scores; for `noWorse`: 0.004, 0.2, 0.05; with
   * `max` no margin
   */
  readonly margin?: number | undefined;
  /**
   * An absolute limit: on a rate, on the quantile that the metric names, otherwise on the median. With `better:
   * 'higher'` it is the lowest allowed value.
   * @default none
   */
  readonly max?: number | undefined;
  /**
   * Which values of an application metric are better.
   * @default 'lower'; 'higher' for `quality`
   */
  readonly better?: Better | undefined;
  /** The probability of a false verdict over the whole run, 0–1. */
  readonly alpha: number;
  readonly direction: Direction;
}

/** One call, after its end. */
export interface Observation {
  /** The side that the split assigned, whatever upstream served the call. */
  readonly arm: Arm;
  /**
   * 0/1 or a boolean for rates; ms, USD or a score for the others. `Infinity` is worse than any number: the latency of
   * a failed call.
   */
  readonly value: number | boolean;
  /**
   * The probability, fixed before the call was sent, that it was assigned to the canary. Calls at 0 or 1 are no
   * evidence.
   */
  readonly share: number;
}

/** The number of calls per outcome: bad and good, or in each of the seven bins of a whole distribution, best first. */
export type ArmCounts = { readonly bad: number; readonly good: number } | { readonly bins: readonly number[] };

/** A block of calls of one share whose order does not matter. */
export interface Block {
  readonly stable: ArmCounts;
  readonly canary: ArmCounts;
  readonly share: number;
}

/** `pass`: proven no worse. `fail`: proven worse. `inconclusive`: neither yet. */
export type Verdict = 'pass' | 'fail' | 'inconclusive';

/** The state of a guardrail as plain data, for a store. */
export interface GuardrailState {
  readonly options: GuardrailOptions;
  readonly guard: MetricGuardState;
}

export interface Guardrail {
  observe(observation: Observation): void;
  /**
   * Counts a block of calls. Gauges of whole distributions learn from single calls only, so their bins do not move
   * here.
   */
  block(block: Block): void;
  /**
   * The e-value. It starts at 1. Under the null hypothesis it reaches 1/α with probability at most α over the whole
   * run.
   */
  readonly evidence: number;
  readonly verdict: Verdict;
  toJSON(): GuardrailState;
}

/**
 * A sequential test of one metric. It may be read after every call: the bound holds over the whole run.
 *
 * @example
 * const errors = createGuardrail({ metric: 'errorRate', alpha: 0.01, direction: 'worse' });
 * for (const { arm, failed } of calls) errors.observe({ arm, value: failed, share: 0.05 });
 * if (errors.verdict === 'fail') console.log(`worse: an e-value of ${errors.evidence}`);
 * @throws RangeError for invalid numbers
 */
export function createGuardrail(options: GuardrailOptions): Guardrail {
  return new MetricGuardrail(options);
}

/** Continues a guardrail from `state`. */
export function restoreGuardrail(state: GuardrailState): Guardrail {
  const guardrail = new MetricGuardrail(state.options);
  guardrail.guard.restore(state.guard);
  return guardrail;
}

/**
 * Combines the guardrails of two processes that saw different calls.
 *
 * @param base the state that both continued from
 * @default base a guardrail without calls
 */
export function mergeGuardrails(
  one: GuardrailState,
  other: GuardrailState,
  base: GuardrailState = createGuardrail(one.options).toJSON(),
): Guardrail {
  const guardrail = new MetricGuardrail(one.options);
  guardrail.guard.merge(one.guard, other.guard, base.guard);
  return guardrail;
}

class MetricGuardrail implements Guardrail {
  readonly guard: MetricGuard;
  readonly #options: GuardrailOptions;

  constructor(options: GuardrailOptions) {
    checkAlpha('alpha', options.alpha);
    checkLimits(options);
    const { metric: name, better, direction, max } = options;
    const metric = metricOf(name, better);
    const usual = direction === 'worse' ? rollbackMargin(metric) : stepMargin(metric, 1);
    const margin = options.margin ?? (max === undefined ? usual : undefined);
    this.guard = new MetricGuard(metric, { [direction]: { margin, max } });
    this.#options = options;
  }

  get evidence(): number {
    return Math.min(Number.MAX_VALUE, Math.max(Number.MIN_VALUE, Math.exp(this.#logEvidence)));
  }

  get verdict(): Verdict {
    const { alpha, direction } = this.#options;
    if (this.#logEvidence < -Math.log(alpha)) return 'inconclusive';
    return direction === 'worse' ? 'fail' : 'pass';
  }

  observe({ arm, value, share }: Observation): void {
    this.guard.observe(arm === 'canary', value, share);
  }

  block({ stable, canary, share }: Block): void {
    this.guard.block({ stable: outcomesOf(stable), canary: outcomesOf(canary) }, share);
  }

  toJSON(): GuardrailState {
    return { options: this.#options, guard: this.guard.toJSON() };
  }

  get #logEvidence(): number {
    return this.guard[this.#options.direction].logValue;
  }
}

function outcomesOf(counts: ArmCounts): readonly number[] {
  return 'bins' in counts ? counts.bins : [counts.good, counts.bad];
}
