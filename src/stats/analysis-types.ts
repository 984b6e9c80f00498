/** What an analysis is told, and what it tells. */

import type { Arm } from './arm.ts';
import type { Verdict } from './guardrail.ts';
import type { Better, MetricName } from './metric.ts';
import type { MetricGuardState } from './metric-guard.ts';
import type { Sides } from './side-counts.ts';

/** How one metric is guarded. */
export interface GuardOptions {
  /**
   * How much worse than stable the canary may be, at every step: relative (0.2 is 20 %) for latency and cost, absolute for
   * rates and scores. A score that takes few values (stars, passed or not) needs one wider than a step to advance.
   * @default for rollback 0, 0.2 and 0.05; for promotion a budget of damage over the step's weight
   */
  readonly margin?: number | undefined;
  /** An absolute limit; alone, the canary is not compared with stable. */
  readonly max?: number | undefined;
  /** Of the application's own metric. @default 'lower', of `quality` 'higher' */
  readonly better?: Better | undefined;
  /** Its part in the mean that decides on rollback. @default 1, of `errorRate` 3 */
  readonly weight?: number | undefined;
}

export interface AnalysisOptions {
  /** By metric. */
  readonly guardrails: Readonly<Partial<Record<MetricName, GuardOptions>>>;
  /** The probability of a false rollback over the whole run. @default 0.01 */
  readonly alpha?: number | undefined;
  /** The probability of advancing a canary that is worse than the step's margin. @default 0.05 */
  readonly promotionAlpha?: number | undefined;
  /** The share of the first step. @default 1 */
  readonly weight?: number | undefined;
}

/** One judged call that has ended. */
export interface JudgedCall {
  /** The upstream that the split assigned first, whatever served the call in the end. */
  readonly arm: Arm;
  /** The probability, fixed before the call was sent, that it was to be the canary's; at 0 and 1 a call is no evidence. */
  readonly share: number;
  /** By metric: 0/1 or a boolean for rates; ms, USD or a score for others. `Infinity` is worse than any number; what is not known is left out. */
  readonly values: Readonly<Record<string, number | boolean | undefined>>;
}

/** One guardrail, for people and pages. */
export interface GuardrailEvidence {
  readonly guardrail: string;
  /** How near it is to a rollback by itself: 0–1, on a logarithmic scale, with its part in the mean. */
  readonly rollback: number;
  /** How near it is to letting the rollout advance: 0–1, on a logarithmic scale. */
  readonly promotion: number;
  readonly sides: Sides;
}

/** Towards one decision, and the guardrail that matters most to it. */
export interface Progress {
  /** 0–1 on a logarithmic scale; the decision falls at 1. */
  readonly evidence: number;
  /** Of rollback, the one with the largest share; of promotion, the one furthest from letting it advance. */
  readonly guardrail: string;
}

/** Plain data, for a store. */
export interface AnalysisState {
  readonly options: AnalysisOptions;
  readonly weight: number;
  readonly guards: Readonly<Record<string, MetricGuardState>>;
}

export interface Analysis {
  observe(call: JudgedCall): void;
  /** `fail` calls for a rollback, `pass` lets the rollout advance; of both, `fail` wins. */
  readonly verdict: Verdict;
  readonly rollback: Progress;
  readonly promotion: Progress;
  readonly guardrails: readonly GuardrailEvidence[];
  /** Non-inferiority starts anew with the margin of a step of this weight; the evidence for a rollback goes on. */
  startStep(weight: number): void;
  toJSON(): AnalysisState;
}
