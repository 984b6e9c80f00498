/** The input and output types of an analysis. */

import type { Arm } from './arm.ts';
import type { Verdict } from './guardrail.ts';
import type { Better, MetricName } from './metric.ts';
import type { MetricGuardState } from './metric-guard.ts';
import type { Sides } from './side-counts.ts';

/** The limits of one metric. */
export interface GuardOptions {
  /**
   * How much worse than stable the canary may be, at every step: relative (0.2 is 20 %) for latency and cost, absolute
   * for rates and scores. A score with few values (stars, passed or not) needs a margin wider than one step to advance.
   * @default for rollback 0, 0.2 and 0.05; for promotion a damage budget divided by the step's weight
   */
  readonly margin?: number | undefined;
  /**
   * An absolute limit. With `max` alone, the canary is not compared with stable.
   * @default none
   */
  readonly max?: number | undefined;
  /**
   * Which values of an application metric are better.
   * @default 'lower'; 'higher' for `quality`
   */
  readonly better?: Better | undefined;
  /**
   * Its weight in the mean that decides on rollback, above 0.
   * @default 1; 3 for `errorRate`
   */
  readonly weight?: number | undefined;
}

export interface AnalysisOptions {
  /** The limits of each metric. */
  readonly guardrails: Readonly<Partial<Record<MetricName, GuardOptions>>>;
  /**
   * The probability of a false rollback over the whole run, 0–1.
   * @default 0.01
   */
  readonly alpha?: number | undefined;
  /**
   * The probability of advancing a canary that is worse than the step's margin, 0–1.
   * @default 0.05
   */
  readonly promotionAlpha?: number | undefined;
  /**
   * The canary's share in the first step, 0–1.
   * @default 1
   */
  readonly weight?: number | undefined;
}

/** One judged call, after its end. */
export interface JudgedCall {
  /** The side that the split assigned, whatever upstream served the call. */
  readonly arm: Arm;
  /**
   * The probability, fixed before the call was sent, that it was assigned to the canary. Calls at 0 or 1 are no
   * evidence.
   */
  readonly share: number;
  /**
   * Values by metric: 0/1 or a boolean for rates; ms, USD or a score for others. `Infinity` is worse than any number.
   * Omit unknown values.
   */
  readonly values: Readonly<Record<string, number | boolean | undefined>>;
}

/** The evidence of one guardrail, for display. */
export interface GuardrailEvidence {
  readonly guardrail: string;
  /** How close this guardrail alone is to a rollback: 0–1 on a logarithmic scale, including its weight in the mean. */
  readonly rollback: number;
  /** How close it is to letting the rollout advance: 0–1 on a logarithmic scale. */
  readonly promotion: number;
  /** The latest calls look like the beginning of an outage. No step should begin until enough good calls follow. */
  readonly worseLately: boolean;
  readonly sides: Sides;
}

/** The progress towards one decision, and the guardrail that matters most to it. */
export interface Progress {
  /** 0–1 on a logarithmic scale. The decision is made at 1. */
  readonly evidence: number;
  /**
   * For a rollback, the guardrail with the largest share; for a promotion, the one furthest from letting it advance.
   */
  readonly guardrail: string;
}

/** The state of an analysis as plain data, for a store. */
export interface AnalysisState {
  readonly options: AnalysisOptions;
  readonly weight: number;
  readonly guards: Readonly<Record<string, MetricGuardState>>;
}

export interface Analysis {
  observe(call: JudgedCall): void;
  /** `fail` requests a rollback, `pass` lets the rollout advance. `fail` takes precedence. */
  readonly verdict: Verdict;
  readonly rollback: Progress;
  readonly promotion: Progress;
  readonly guardrails: readonly GuardrailEvidence[];
  /**
   * Restarts the non-inferiority test with the margin of a step of this weight. The evidence for a rollback continues.
   */
  startStep(weight: number): void;
  toJSON(): AnalysisState;
}
