/** The judge of a rollout's calls: sequential evidence, or thresholds. */

import type { RolloutState, RolloutStep } from '../domain/rollout.ts';
import { trafficInForce } from '../routing/traffic-in-force.ts';
import { createAnalysis, restoreAnalysis } from '../stats/analysis.ts';
import type { Analysis, AnalysisState } from '../stats/analysis-types.ts';
import { COPIES_PART } from '../stats/pair-analysis.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { ThresholdAnalysis, type ThresholdState } from './threshold-judge.ts';

/** What the judge needs to know about a step. */
export interface StepTerms {
  /** The canary's share of calls, 0–1. */
  readonly weight: number;
  /** Judged canary calls that the step needs. */
  readonly minCalls: number;
  /** Of a shadow step: the share of calls that the first step with real callers gives the canary, 0–1. @default 0.25 */
  readonly opens?: number | undefined;
}

/** Plain data, for a store. */
export type JudgeState = AnalysisState | ThresholdState;

/** The common interface of both judges. */
export interface Judge extends Pick<Analysis, 'observe' | 'verdict' | 'rollback' | 'guardrails'> {
  startStep(terms: StepTerms): void;
  toJSON(): JudgeState;
}

export function createJudge(
  { judge, guardrails, alpha, steps }: RolloutPolicy,
  { weight, minCalls }: StepTerms,
): Judge {
  if (judge === 'threshold') return new ThresholdAnalysis(guardrails, minCalls);
  return sequentialJudge(
    createAnalysis({ guardrails, alpha: alpha * (1 - copiesPart(steps)), weight: stepWeight(weight) }),
  );
}

/** A judge that continues from `state`, which was stored under the same options. */
export function restoreJudge(state: JudgeState, { guardrails }: RolloutPolicy): Judge {
  if ('weight' in state) return sequentialJudge(restoreAnalysis(state));
  const judge = new ThresholdAnalysis(guardrails, state.minCalls);
  judge.restore(state);
  return judge;
}

/** The part of `alpha` that copies use, in a rollout with shadow steps. */
export const copiesPart = (steps: RolloutPolicy['steps']): number =>
  steps.some(({ kind }) => kind === 'shadow') ? COPIES_PART : 0;

/** The share of a segment in all calls is not known in advance, so its margin is that of a quarter. */
const UNKNOWN_WEIGHT = 0.25;
export const stepWeight = (weight: number): number => (weight > 0 ? weight : UNKNOWN_WEIGHT);

function sequentialJudge(analysis: Analysis): Judge {
  return {
    observe: (call) => analysis.observe(call),
    get verdict() {
      return analysis.verdict;
    },
    get rollback() {
      return analysis.rollback;
    },
    get guardrails() {
      return analysis.guardrails;
    },
    startStep: ({ weight }) => analysis.startStep(stepWeight(weight)),
    toJSON: () => analysis.toJSON(),
  };
}

/** The terms of the step that a state stands at. */
export function termsOf(state: RolloutState, steps: readonly RolloutStep[]): StepTerms {
  const { weight } = trafficInForce(state, steps);
  const index = 'step' in state ? state.step : 0;
  const first = steps.slice(index).find(({ kind }) => kind !== 'shadow');
  // The share of a segment is not known in advance.
  return { weight, minCalls: steps[index]?.minCalls ?? 0, opens: first?.kind === 'weight' ? first.weight : undefined };
}
