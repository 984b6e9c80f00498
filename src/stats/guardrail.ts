/** One metric compared in one direction, by itself: what offline analyses and tests use. */

import type { Arm, Direction } from './arm.ts';
import { checkAlpha, checkLimits } from './check-limits.ts';
import { rollbackMargin, stepMargin } from './margins.ts';
import { metricOf, type Better, type MetricName } from './metric.ts';
import { MetricGuard, type MetricGuardState } from './metric-guard.ts';

export interface GuardrailOptions {
  readonly metric: MetricName;
  /**
   * How much worse than stable the canary may be: relative (0.2 is 20 %) for latency and cost, absolute for rates and scores.
   * Of scores that take few values (stars, passed or not) `noWorse` needs a margin wider than a step, or a canary that is better.
   * @default of `worse`: 0 for rates, 0.2 for latency and cost, 0.05 for scores; of `noWorse`: 0.004, 0.2, 0.05; none if there is a `max`
   */
  readonly margin?: number | undefined;
  /** An absolute limit: of a rate, of the quantile that the metric names, else of the median; with `better: 'higher'` the least that is allowed. */
  readonly max?: number | undefined;
  /** Of the application's own metric. @default 'lower', of `quality` 'higher' */
  readonly better?: Better | undefined;
  /** The probability of a false verdict, over the whole run. */
  readonly alpha: number;
  readonly direction: Direction;
}

/** One call that has ended. */
export interface Observation {
  /** The upstream that the split assigned first, whatever served the call in the end. */
  readonly arm: Arm;
  /** 0/1 or a boolean for rates; ms, USD or a score for the others. `Infinity` is worse than any number: a failed call's latency. */
  readonly value: number | boolean;
  /** The probability, fixed before the call was sent, that it was to be the canary's; at 0 and 1 a call is no evidence. */
  readonly share: number;
}

/** How many calls ended how: bad or good, or in each of the seven bins of a whole distribution, the best first. */
export type ArmCounts = { readonly bad: number; readonly good: number } | { readonly bins: readonly number[] };

/** Calls of one share, whose order does not matter. */
export interface Block {
  readonly stable: ArmCounts;
  readonly canary: ArmCounts;
  readonly share: number;
}

/** `pass`: no worse, proven. `fail`: worse, proven. `inconclusive`: neither, yet. */
export type Verdict = 'pass' | 'fail' | 'inconclusive';

/** Plain data, for a store. */
export interface GuardrailState {
  readonly options: GuardrailOptions;
  readonly guard: MetricGuardState;
}

export interface Guardrail {
  observe(observation: Observation): void;
  /** The gauge of a whole distribution learns from single calls only, so its bins stay where they are. */
  block(block: Block): void;
  /** The e-value: 1 at first; at least 1/α with probability at most α, over the whole run, if the null hypothesis holds. */
  readonly evidence: number;
  readonly verdict: Verdict;
  toJSON(): GuardrailState;
}

/**
 * Has the evidence on one metric grown strong enough? It may be asked after each call: the bound holds over the whole run.
 *
 * @example
 * const errors = createGuardrail({ metric: 'errorRate', alpha: 0.01, direction: 'worse' });
 * for (const { arm, failed } of calls) errors.observe({ arm, value: failed, share: 0.05 });
 * if (errors.verdict === 'fail') console.log(`worse: an e-value of ${errors.evidence}`);
 * @throws RangeError for numbers that make no sense
 */
export function createGuardrail(options: GuardrailOptions): Guardrail {
  return new MetricGuardrail(options);
}

/** A guardrail that goes on from `state`. */
export function restoreGuardrail(state: GuardrailState): Guardrail {
  const guardrail = new MetricGuardrail(state.options);
  guardrail.guard.restore(state.guard);
  return guardrail;
}

/**
 * What two processes know together that have each seen calls of their own.
 *
 * @param base what both of them went on from @default a guardrail that has seen nothing
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
