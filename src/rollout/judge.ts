/** Who judges the calls of a rollout, in which terms. */

import { createAnalysis, restoreAnalysis } from '../stats/analysis.ts';
import type { Analysis, AnalysisState } from '../stats/analysis-types.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { ThresholdAnalysis, type ThresholdState } from './threshold-judge.ts';

/** What a step asks of who judges it. */
export interface StepTerms {
  /** The canary's share of calls, 0–1. */
  readonly weight: number;
  /** Judged canary calls that the step needs. */
  readonly minCalls: number;
}

/** Plain data, for a store. */
export type JudgeState = AnalysisState | ThresholdState;

/** Sequential evidence or thresholds: both tell what they find in the same words. */
export interface Judge extends Pick<Analysis, 'observe' | 'verdict' | 'rollback' | 'guardrails'> {
  startStep(terms: StepTerms): void;
  toJSON(): JudgeState;
}

export function createJudge({ judge, guardrails, alpha }: RolloutPolicy, { weight, minCalls }: StepTerms): Judge {
  if (judge === 'threshold') return new ThresholdAnalysis(guardrails, minCalls);
  return inTerms(createAnalysis({ guardrails, alpha, weight: stepWeight(weight) }));
}

/** One that goes on from `state`, which is of a rollout under the same options. */
export function restoreJudge(state: JudgeState, { guardrails }: RolloutPolicy): Judge {
  if ('weight' in state) return inTerms(restoreAnalysis(state));
  const judge = new ThresholdAnalysis(guardrails, state.minCalls);
  judge.restore(state);
  return judge;
}

/** A segment's part in all calls is not known beforehand: it is held to the margin of a quarter. */
const UNKNOWN_WEIGHT = 0.25;
const stepWeight = (weight: number): number => (weight > 0 ? weight : UNKNOWN_WEIGHT);

function inTerms(analysis: Analysis): Judge {
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
